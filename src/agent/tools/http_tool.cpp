#include "agent/tools/http_tool.hpp"

#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "agent/tools/result_text.hpp"
#include "base/printable.hpp"
#include "base/random.hpp"
#include "net/http_client.hpp"
#include "net/url.hpp"

namespace offhook::agent {

namespace asio = boost::asio;
namespace json = boost::json;
using std::chrono::milliseconds;

namespace {

net::HttpRequest request_for(const ToolConfig& config, const ToolCall& call) {
  net::HttpRequest request;
  request.method = "POST";
  request.headers.add("Content-Type", "application/json");
  request.headers.add("Accept", "application/json, text/*;q=0.9, */*;q=0.1");
  request.headers.add("Idempotency-Key", call.idempotency_key);
  for (const auto& [name, value] : config.http.headers) {
    request.headers.add(name, std::string{value.reveal()});
  }
  request.body = json::serialize(json::object{{"call_id", call.call_id},
                                              {"function_call_id", call.function_call_id},
                                              {"name", call.name},
                                              {"arguments", call.arguments}});
  return request;
}

/// For the model, which has no use for host names and certificates.
std::string_view reason_of(const Error& error) {
  if (error.code == make_error_code(Errc::timed_out)) {
    return "the tool did not answer in time";
  }
  if (error.code == make_error_code(Errc::overloaded)) {
    return "the tool's answer is too long";
  }
  return "the tool cannot be reached";
}

/// What an attempt came to: the answer, or an error that may be worth another attempt.
struct Attempt {
  openai::AttemptOutcome outcome;
  Result<std::string> result;
};

Attempt judge(Result<net::HttpResponse> answer) {
  if (!answer) {
    const std::error_code code = answer.error().code;
    return {{.failure = code}, fail(code, std::string{reason_of(answer.error())})};
  }
  openai::AttemptOutcome outcome{.status = answer->status, .headers = answer->headers};
  if (answer->status >= 200 && answer->status < 300) {
    return {std::move(outcome), result_text(std::move(answer->body))};
  }
  std::string detail = fmt::format("the tool answered {}", answer->status);
  if (!answer->body.empty()) {
    detail += ": " + printable(result_text(answer->body), 500);
  }
  return {std::move(outcome), fail(Errc::refused, std::move(detail), answer->status)};
}

}  // namespace

HttpTool::HttpTool(ToolConfig config, net::TlsContext tls, openai::RetryLimits retry)
    : config_{std::move(config)}, tls_{std::move(tls)}, retry_{retry} {
  retry_.retries = config_.http.retries;
}

asio::awaitable<Result<std::string>> HttpTool::run(ToolCall call) {
  const auto url = net::parse_url(config_.http.url);
  if (!url) {
    co_return fail(Errc::invalid_argument, "the tool has no usable address");
  }
  net::HttpClientOptions client;
  client.tls = tls_;
  client.timeout = config_.timeout;
  client.max_body_bytes = max_answer_bytes;
  openai::RetryPolicy policy{retry_};
  asio::steady_timer timer{co_await asio::this_coro::executor};
  const auto began = std::chrono::steady_clock::now();

  for (;;) {
    net::HttpRequest request = request_for(config_, call);
    auto answer = co_await net::http_exchange(*url, std::move(request), client);
    Attempt attempt = judge(std::move(answer));
    // 409 is an answer of the tool here, not a race that another attempt could win.
    if (attempt.result || attempt.outcome.status == 409) {
      co_return std::move(attempt.result);
    }
    const auto elapsed =
        std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
    const auto delay = policy.next_delay(attempt.outcome, elapsed, std::chrono::system_clock::now(),
                                         random_u32() / 4294967296.0);
    if (!delay) {
      co_return std::move(attempt.result);
    }
    timer.expires_after(*delay);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

}  // namespace offhook::agent
