#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/http_server.hpp"
#include "openai/provider.hpp"

namespace offhook::openai::testing {

/// Runs `work` to its end, with everything else on `context`.
template <class T>
T run(boost::asio::io_context& context, boost::asio::awaitable<T> work) {
  std::optional<T> result;
  std::exception_ptr failure;
  boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr thrown, T value) {
    failure = std::move(thrown);
    result.emplace(std::move(value));
  });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!result && std::chrono::steady_clock::now() < deadline) {
    context.run_one_until(deadline);
  }
  if (failure) {
    std::rethrow_exception(failure);
  }
  if (!result) {
    throw std::runtime_error{"the work never ended"};
  }
  return std::move(*result);
}

/// One answer of the script; `silent` means the request is read and never answered.
struct ScriptedAnswer {
  net::HttpResponse response{};
  bool silent = false;
};

inline ScriptedAnswer answer(int status, net::HttpHeaders headers = {}, std::string body = {}) {
  return {{status, std::move(headers), std::move(body)}, false};
}

inline ScriptedAnswer api_error(int status, const std::string& code, const std::string& message) {
  return answer(status, {{"Content-Type", "application/json"}},
                R"({"error":{"message":")" + message +
                    R"(","type":"invalid_request_error","param":null,"code":")" + code + R"("}})");
}

/// A real HTTP server that answers by script, then 500, and remembers what it was asked.
class ImposterApi {
 public:
  ImposterApi(boost::asio::io_context& context, std::deque<ScriptedAnswer> script)
      : script_{std::move(script)} {
    net::HttpHandlers handlers;
    handlers.request = [this](net::HttpRequest request) { return next(std::move(request)); };
    server_ = net::HttpServer::listen(context.get_executor(), {}, std::move(handlers)).value();
  }

  [[nodiscard]] Provider provider() const {
    return {.api_base = "http://127.0.0.1:" + std::to_string(server_->port()) + "/v1",
            .api_key = Secret{"sk-imposter"}};
  }

  std::vector<net::HttpRequest> requests;

 private:
  boost::asio::awaitable<net::HttpResponse> next(net::HttpRequest request) {
    requests.push_back(std::move(request));
    ScriptedAnswer scripted = script_.empty() ? answer(500) : script_.front();
    if (!script_.empty()) {
      script_.pop_front();
    }
    if (scripted.silent) {
      boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor,
                                      std::chrono::hours{1}};
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    co_return scripted.response;
  }

  std::deque<ScriptedAnswer> script_;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace offhook::openai::testing
