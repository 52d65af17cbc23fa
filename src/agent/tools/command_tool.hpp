#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "agent/tool.hpp"

namespace offhook::agent {

/// Told what a command wrote to its standard error, at most 2 kB of it, once it has ended.
using CommandLog = std::function<void(std::string_view tool, std::string_view standard_error)>;

/// Runs a program: `{"call_id", "function_call_id", "name", "arguments", "idempotency_key"}` on its
/// standard input, its standard output is the result.
///
/// The child has a process group of its own, no open files but 0, 1 and 2, default signal handling,
/// and of our environment only PATH, HOME, LANG, LC_ALL, TZ, TMPDIR, USER and LOGNAME, beside what
/// the configuration adds. It ends with its first process: whatever that leaves running in the
/// group is killed. After ToolConfig::timeout, and when the coroutine is cancelled, the group gets
/// SIGTERM, and SIGKILL `grace` later; a longer output than max_output_bytes kills it at once.
///
/// Failures, in words for the model: `not_found` (no such program), `timed_out`, `overloaded` (too
/// much output), `refused` (status not 0, `Error::status` holds it, or a signal), `internal` (no
/// more processes or files).
class CommandTool final : public Tool {
 public:
  explicit CommandTool(ToolConfig config,
                       CommandLog log = {},
                       std::chrono::milliseconds grace = std::chrono::seconds{2});
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> run(ToolCall call) override;

 private:
  void tell_log(std::string_view complaints) const;

  ToolConfig config_;
  CommandLog log_;
  std::chrono::milliseconds grace_;
};

}  // namespace offhook::agent
