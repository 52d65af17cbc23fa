#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "sim/api_error.hpp"
#include "sim/live_outbox.hpp"
#include "sim/persona.hpp"

namespace offhook::sim {

/// The Responses model that a Live session hands work to (docs/openai-behaviour.md 10.3), without
/// intelligence: it calls the tools that it is told to, waits for their outputs, and answers with
/// those. Everything it does is told by `response.event`s.
class LiveBackend {
 public:
  /// What the controller added for the next response.
  struct Material {
    /// Of the tools, with the names of their calls, in the order of these.
    std::vector<std::pair<std::string, std::string>> outputs{};
    std::string message{};
  };
  /// A call, and what the caller of this names it.
  struct NamedCall {
    std::string name;
    CallFunction function;
  };

  /// Begins the work of a delegation. @param settings  `delegation.responses`.
  /// @param response_id  Of its first response.
  void start(const std::string& delegation_id,
             const std::string& response_id,
             const boost::json::value& settings,
             const std::vector<NamedCall>& calls,
             LiveOutbox& out);

  /// A `response.item.create`: a message or the output of the tool.
  [[nodiscard]] ApiResult<> add_item(const boost::json::value& item);

  /// A `response.create`: begins to go on with what was added.
  /// @return what was added; `missing_tool_output` when a tool's output is missing.
  [[nodiscard]] ApiResult<Material> go_on(const boost::json::value& settings, LiveOutbox& out);
  /// What comes of it: an answer, …
  void answer_with(std::string answer, const boost::json::value& settings, LiveOutbox& out);
  /// … or more calls.
  void call(const std::vector<NamedCall>& calls,
            const boost::json::value& settings,
            LiveOutbox& out);
  /// The answer of a model without intelligence to what was added.
  [[nodiscard]] static std::string simple_answer(const Material& material);

  /// What `start` or `call` found to say at once, because it had no tool of such a name; empty: it
  /// waits for those it has.
  [[nodiscard]] const std::string& answer() const noexcept { return answer_; }

 private:
  void send(std::string_view type, boost::json::object fields, LiveOutbox& out);
  void send_snapshot(std::string_view type,
                     std::string_view status,
                     const boost::json::value& settings,
                     LiveOutbox& out);
  void begin_response(const boost::json::value& settings, LiveOutbox& out);
  void call_tool(const NamedCall& call, int output_index, LiveOutbox& out);
  void write_message(const std::string& text, LiveOutbox& out);

  /// A call that was made since the last answer.
  struct Asked {
    std::string call_id;  ///< Empty: there is no such tool.
    std::string name;
    std::optional<std::string> output{};
  };
  /// The first call that waits for its output; the end when none does.
  [[nodiscard]] std::vector<Asked>::iterator first_waiting();
  /// What was added, which is then used up.
  [[nodiscard]] Material take_material();

  boost::json::value delegation_id_{};  ///< Null: the controller asked by itself.
  std::string response_id_;
  std::vector<Asked> asked_;
  std::string message_;  ///< What was added and not answered yet.
  std::string answer_;
  int sequence_ = 0;
};

}  // namespace offhook::sim
