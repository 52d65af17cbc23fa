#pragma once

#include <memory>
#include <optional>

#include <boost/asio/awaitable.hpp>

#include "audio/port.hpp"
#include "base/error.hpp"
#include "base/timeline.hpp"
#include "call/call_report.hpp"
#include "cli/runtime.hpp"
#include "cli/settings.hpp"
#include "cli/terminal_view.hpp"
#include "sim/sim.hpp"

namespace offhook::cli {

/// One call with all that surrounds it on the command line: the built-in sim if asked for, webhook
/// server, files, screen, keyboard. `offhook call` and `offhook demo` differ only in what they fill
/// in.
struct CallSession {
  Runtime& runtime;
  CallSettings settings;
  TerminalView::Style style = TerminalView::Style::text;
  sim::SimConfig sim{};              ///< Used when `settings.sim`; ports and secrets are filled in.
  audio::Port* near_side = nullptr;  ///< Instead of `settings.call.audio`'s input and output.
  Timeline& timeline;
  call::UserCommands& user;
  bool keyboard = true;
};

/// Runs it to its end. Errors before the call begins (files, devices, ports) are returned as such.
[[nodiscard]] boost::asio::awaitable<Result<call::CallReport>> run_call_session(
    CallSession& session);

}  // namespace offhook::cli
