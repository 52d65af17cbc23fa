#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/timeline.hpp"
#include "call/call_audio.hpp"
#include "call/call_options.hpp"
#include "call/call_report.hpp"
#include "call/control_leg.hpp"
#include "call/incoming_calls.hpp"
#include "call/user_commands.hpp"
#include "media/engine.hpp"
#include "openai/provider.hpp"
#include "sip/loop.hpp"

namespace offhook::call {

/// What a call needs of the program around it. All of it must outlive the call.
struct CallServices {
  boost::asio::any_io_executor control;
  sip::Loop& sip_loop;
  media::Engine& engine;
  IncomingCalls& incoming;  ///< Fed by the webhook server.
  openai::Provider provider;
  Timeline& timeline;
  CallAudio& audio;
  UserCommands& user;
  ControlLeg::OnSidebandEvent on_sideband_event{};
};

/// Lives one outbound call from the INVITE to the last goodbye, and reports it. Never throws: what
/// goes wrong is the report's ending. Runs on the control thread.
[[nodiscard]] boost::asio::awaitable<CallReport> run_outbound_call(CallServices services,
                                                                   CallOptions options);

}  // namespace offhook::call
