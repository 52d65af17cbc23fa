#pragma once

#include <set>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "sim/conversation.hpp"
#include "sim/live_config.hpp"
#include "sim/persona.hpp"

namespace offhook::sim {

/// A Live conversation as a chat model is shown it: what both sides said, context that the
/// controller appended, and work that was handed on, with what came of it.
class LiveTalk {
 public:
  void caller_said(const std::string& words);
  /// The model begins or goes on to say something. @param id  Of what it says.
  void model_says(const std::string& id, std::string_view words);
  /// Of that, no more than this was heard.
  void model_said(const std::string& id, const std::string& heard);
  /// Context. @param source  Where it comes from, in words.
  void told(std::string_view source, const std::string& content);
  /// Work was handed on. @return its id here.
  [[nodiscard]] std::string handed_on(const CallFunction& call);
  /// … and this came of it.
  void came_back(const std::string& id, const std::string& output);

  /// The question for a chat model: what is to be said now. Its functions are the tools of the
  /// Responses model; without one it is `delegate`, whose name and description are ours.
  [[nodiscard]] boost::json::object request(const LiveConfig& config) const;

 private:
  void add(boost::json::object body);

  Conversation conversation_{""};
  int last_id_ = 0;
  std::set<std::string> waiting_{};  ///< Work of which nothing came back yet.
};

}  // namespace offhook::sim
