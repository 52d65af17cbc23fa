#include "openai/api_client.hpp"

#include <optional>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/random.hpp"
#include "net/http_client.hpp"
#include "net/url.hpp"
#include "openai/api_error.hpp"

namespace offhook::openai {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

double random_fraction() { return random_u32() / 4294967296.0; }

net::HttpRequest http_request(const Provider& provider, std::string body) {
  net::HttpRequest request;
  request.method = "POST";
  request.headers = provider.auth_headers();
  request.headers.add("Accept", "*/*");
  if (!body.empty()) {
    request.headers.add("Content-Type", "application/json");
  }
  request.body = std::move(body);
  return request;
}

/// How an attempt ended, for the policy, and as the error to report; no error means success.
struct Attempt {
  AttemptOutcome outcome;
  std::optional<Error> error;
};

Attempt judge(const Result<net::HttpResponse>& answer, const Secret& key) {
  if (!answer) {
    return {{.failure = answer.error().code}, answer.error()};
  }
  if (answer->status >= 200 && answer->status < 300) {
    return {{.status = answer->status}, std::nullopt};
  }
  std::string code = parse_api_error(answer->body).code;
  return {{answer->status, {}, std::move(code), answer->headers}, api_failure(*answer, key)};
}

bool says_gone(std::string_view code) {
  return code == "call_id_not_found" || code == "session_id_not_found";
}

}  // namespace

ApiClient::ApiClient(Provider provider, OnRetry on_retry, ApiOptions options)
    : provider_{std::move(provider)}, on_retry_{std::move(on_retry)}, options_{options} {}

asio::awaitable<Result<net::HttpResponse>> ApiClient::post(ApiRequest request) {
  auto url = net::parse_url(request.url);
  if (!url) {
    co_return fail(std::move(url).error().with(request.name));
  }
  net::HttpClientOptions client{.tls = provider_.tls, .timeout = options_.timeout};
  if (request.repeatable) {
    client.connections = provider_.connections;
  }
  RetryLimits limits = options_.retry;
  limits.not_found_window = request.not_found_window;
  RetryPolicy policy{limits};
  asio::steady_timer timer{co_await asio::this_coro::executor};
  const auto began = std::chrono::steady_clock::now();
  bool answer_lost = false;

  for (;;) {
    net::HttpRequest attempted = http_request(provider_, request.body);
    auto answer = co_await net::http_exchange(*url, std::move(attempted), client);
    Attempt attempt = judge(answer, provider_.api_key);
    answer_lost = answer_lost || (answer && answer->repeated);
    const std::string& code = attempt.outcome.api_code;
    if (!attempt.error || (request.gone_is_success && says_gone(code))) {
      co_return std::move(answer);
    }
    // The decision was our own, made by an attempt whose answer never reached us.
    if (answer_lost && code == "decision_already_made") {
      co_return std::move(answer);
    }
    answer_lost = answer_lost || attempt.outcome.status == 0;
    const auto elapsed =
        std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
    const auto delay = policy.next_delay(attempt.outcome, elapsed, std::chrono::system_clock::now(),
                                         random_fraction());
    Error error = std::move(*attempt.error).with(request.name);
    if (!delay || !request.repeatable) {
      co_return fail(std::move(error));
    }
    if (on_retry_) {
      on_retry_(request.name, error, *delay);
    }
    timer.expires_after(*delay);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

}  // namespace offhook::openai
