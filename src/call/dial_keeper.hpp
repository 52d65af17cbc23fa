#pragma once

#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "agent/tool.hpp"
#include "agent/transcript.hpp"
#include "agent/usage.hpp"
#include "call/dial_report.hpp"

namespace offhook::call {

/// Where a call that we place is kept beyond the process. Told on the control thread, in the order
/// of things; nothing here may throw, and the call goes on when it fails.
class DialKeeper {
 public:
  DialKeeper() = default;
  DialKeeper(const DialKeeper&) = delete;
  DialKeeper& operator=(const DialKeeper&) = delete;
  virtual ~DialKeeper() = default;

  /// Before the request that places the call: durable when it has returned, so that an attempt
  /// whose outcome nobody saw is known.
  [[nodiscard]] virtual boost::asio::awaitable<void> placing() = 0;
  virtual void placed(const std::string& session_id) = 0;

  /// Every sideband message, both ways.
  virtual void message(std::string_view direction, std::string_view json, double at_ms) = 0;
  virtual void said(const agent::TranscriptLine& line) = 0;
  virtual void used(const agent::Usage& usage) = 0;

  /// The last: durable when it has returned.
  [[nodiscard]] virtual boost::asio::awaitable<void> ended(const DialReport& report) = 0;

  [[nodiscard]] virtual agent::ToolLedger& ledger() noexcept = 0;
};

}  // namespace offhook::call
