#include "openai/calls_api.hpp"

#include <random>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>

#include "base/random.hpp"
#include "net/http_client.hpp"
#include "net/url.hpp"
#include "openai/api_error.hpp"

namespace offhook::openai {

namespace asio = boost::asio;
namespace json = boost::json;
using std::chrono::milliseconds;

/// One request, however often it is sent.
struct CallsApi::Operation {
  std::string name;  ///< Last part of the path.
  std::string call_id;
  std::string body{};  ///< Empty: none.
  milliseconds not_found_window{0};
};

namespace {

double random_fraction() { return random_u32() / 4294967296.0; }

net::HttpRequest request_for(const Provider& provider, std::string body) {
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

Attempt judge(Result<net::HttpResponse> answer, const Secret& key) {
  if (!answer) {
    return {{.failure = answer.error().code}, std::move(answer).error()};
  }
  if (answer->status >= 200 && answer->status < 300) {
    return {{.status = answer->status}, std::nullopt};
  }
  std::string code = parse_api_error(answer->body).code;
  return {{answer->status, {}, std::move(code), answer->headers}, api_failure(*answer, key)};
}

}  // namespace

CallsApi::CallsApi(Provider provider, OnRetry on_retry, CallsApiOptions options)
    : provider_{std::move(provider)}, on_retry_{std::move(on_retry)}, options_{options} {}

asio::awaitable<Result<>> CallsApi::accept(std::string call_id, json::object session) {
  Operation operation{"accept", std::move(call_id), json::serialize(session),
                      options_.accept_not_found_window};
  co_return co_await post(std::move(operation));
}

asio::awaitable<Result<>> CallsApi::reject(std::string call_id, int sip_status) {
  const json::object body{{"status_code", sip_status}};
  Operation operation{"reject", std::move(call_id), json::serialize(body)};
  co_return co_await post(std::move(operation));
}

asio::awaitable<Result<>> CallsApi::refer(std::string call_id, std::string target_uri) {
  const json::object body{{"target_uri", target_uri}};
  Operation operation{"refer", std::move(call_id), json::serialize(body)};
  co_return co_await post(std::move(operation));
}

asio::awaitable<Result<>> CallsApi::hang_up(std::string call_id) {
  Operation operation{"hangup", std::move(call_id)};
  co_return co_await post(std::move(operation));
}

asio::awaitable<Result<>> CallsApi::post(Operation operation) {
  auto url = net::parse_url(provider_.call_url(operation.call_id, operation.name));
  if (!url) {
    co_return fail(std::move(url).error().with(operation.name));
  }
  const net::HttpClientOptions client{.tls = provider_.tls, .timeout = options_.timeout};
  RetryLimits limits = options_.retry;
  limits.not_found_window = operation.not_found_window;
  RetryPolicy policy{limits};
  asio::steady_timer timer{co_await asio::this_coro::executor};
  const auto began = std::chrono::steady_clock::now();
  bool answer_lost = false;

  for (;;) {
    net::HttpRequest request = request_for(provider_, operation.body);
    auto answer = co_await net::http_exchange(*url, std::move(request), client);
    Attempt attempt = judge(std::move(answer), provider_.api_key);
    if (!attempt.error) {
      co_return Result<>{};
    }
    const std::string& code = attempt.outcome.api_code;
    if (operation.name == "hangup" && code == "call_id_not_found") {
      co_return Result<>{};
    }
    // The decision was our own, made by an attempt whose answer never reached us.
    if (answer_lost && code == "decision_already_made") {
      co_return Result<>{};
    }
    answer_lost = answer_lost || attempt.outcome.status == 0;
    const auto elapsed =
        std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
    const auto delay = policy.next_delay(attempt.outcome, elapsed, std::chrono::system_clock::now(),
                                         random_fraction());
    Error error = std::move(*attempt.error).with(operation.name);
    if (!delay) {
      co_return fail(std::move(error));
    }
    if (on_retry_) {
      on_retry_(operation.name, error, *delay);
    }
    timer.expires_after(*delay);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

}  // namespace offhook::openai
