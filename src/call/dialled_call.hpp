#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "agent/outbound.hpp"
#include "agent/profile.hpp"
#include "agent/tools/tool_factory.hpp"
#include "base/timeline.hpp"
#include "call/control_leg.hpp"
#include "call/dial_keeper.hpp"
#include "call/dial_report.hpp"
#include "call/user_commands.hpp"
#include "openai/provider.hpp"

namespace offhook::call {

/// Who calls whom, and by whose lines.
struct DialOptions {
  agent::AgentProfile profile;  ///< Of the Live API.
  agent::Trunk trunk;
  std::string destination;               ///< "+E164"
  std::chrono::seconds ring_time{60};    ///< Nobody answers for so long: give up. 0: never.
  std::chrono::seconds max_duration{0};  ///< From the answer; 0: no limit of ours.
  /// A call that an earlier process has placed, to go on with; empty: place one.
  std::string session_id{};
  agent::Usage used{};          ///< By that process.
  std::chrono::seconds age{0};  ///< Since that one placed it.
};

/// What such a call needs of the program around it. All of it must outlive the call.
struct DialServices {
  boost::asio::any_io_executor control;
  openai::Provider provider;
  Timeline& timeline;
  UserCommands& user;
  agent::ToolFactory make_tool;
  DialKeeper& keeper;
  std::shared_ptr<const std::string> hold_sound{};  ///< As agent::ConversationServices has it.
  ControlLeg::OnSidebandEvent on_sideband_event{};
};

/// Lives one call that the Live API places by a SIP trunk (docs/openai-behaviour.md 10.4), from the
/// REST request to the end of the session: OpenAI speaks SIP and carries the sound, an
/// agent::Conversation holds the sideband. Never throws: what goes wrong is the report's ending.
/// Runs on the control thread. A call of an earlier process is attached to instead, without the
/// opening.
///
/// The request is sent once: the API does not recognise a repetition.
[[nodiscard]] boost::asio::awaitable<DialReport> run_dialled_call(DialServices services,
                                                                  DialOptions options);

}  // namespace offhook::call
