#pragma once

#include <chrono>
#include <string>

#include "agent/tool.hpp"
#include "net/tls.hpp"
#include "openai/retry_policy.hpp"

namespace offhook::agent {

/// POSTs `{"call_id", "function_call_id", "name", "arguments"}` with the headers
/// `Idempotency-Key` and those of the configuration, and returns the answer's body.
///
/// Connection errors, 408, 429 and 5xx are tried again with the delays of openai::RetryPolicy;
/// every attempt may take as long as ToolConfig::timeout. Redirects are not followed.
///
/// Failures: `refused` with the HTTP status and the beginning of the body, for the model;
/// `overloaded` for an answer longer than 256 KiB; else those of `net::http_exchange`. None quotes
/// the address or a header.
class HttpTool final : public Tool {
 public:
  static constexpr std::size_t max_answer_bytes = 256U << 10U;

  /// @param tls  For https addresses.
  HttpTool(ToolConfig config, net::TlsContext tls, openai::RetryLimits retry = {});
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> run(ToolCall call) override;

 private:
  ToolConfig config_;
  net::TlsContext tls_;
  openai::RetryLimits retry_;
};

}  // namespace offhook::agent
