#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "agent/conversation.hpp"
#include "serve/offer.hpp"

namespace offhook::serve {

enum class CallState : std::uint8_t { accepting, live, ending, ended };

/// What is known of one call, for lists.
struct CallRecord {
  std::string id;
  agent::Api api = agent::Api::realtime;
  std::string agent;
  std::string caller;
  std::string called;
  std::string sip_call_id;
  CallState state = CallState::accepting;
  bool outbound = false;   ///< Placed by us (`offhook dial`), and taken over.
  bool resumed = false;    ///< Taken over from an earlier process.
  std::int64_t began = 0;  ///< Unix seconds of the decision.
  std::int64_t ended = 0;
  std::string outcome;  ///< When ended, as agent::to_string(ConversationEnd).
  std::string reason;
  std::size_t lines = 0;  ///< Of the transcript.
  std::string last_line;  ///< "model: Goodbye."
  agent::Usage usage;
};

[[nodiscard]] boost::json::object to_json(const CallRecord& call, std::int64_t now);
[[nodiscard]] boost::json::object to_json(const agent::Usage& usage);
[[nodiscard]] std::string_view to_string(CallState state) noexcept;

}  // namespace offhook::serve
