#pragma once

#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "agent/profile.hpp"

namespace offhook::agent {

/// The body of accept (docs/openai-behaviour.md 8 and 10): the session object for realtime,
/// `{"session": {…}}` for live.
///
/// Audio formats are left out, SDP decides them. `profile.turn_detection`: null leaves it out,
/// `false` switches it off (null on the wire). `profile.session` fills in what the other fields do
/// not say. The function tools and MCP servers of a live agent go to the model that it delegates to
/// (`delegation.responses.tools`).
[[nodiscard]] boost::json::object session_body(const AgentProfile& profile);

/// Tools as the API has them: functions first, MCP servers after them.
[[nodiscard]] boost::json::array session_tools(const AgentProfile& profile);

/// What the API would refuse on a telephone call, or what would silently win over other fields:
/// one text per problem, each beginning with the field's name.
[[nodiscard]] std::vector<std::string> session_problems(const AgentProfile& profile);

}  // namespace offhook::agent
