#include "openai/sideband.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/url.hpp"
#include "openai/api_error.hpp"
#include "openai/retry_policy.hpp"

namespace offhook::openai {

namespace asio = boost::asio;
namespace {

/// Says what the API answered to a refused upgrade, without our key.
Error with_answer(Error error, const net::HttpResponse& answer, const Secret& key) {
  const std::string status = std::to_string(answer.status);
  const std::string said = api_failure(answer, key).detail;
  if (error.code == Errc::refused && said != status) {
    error.detail += ": " + said.substr(status.size() + (said[status.size()] == ':' ? 2 : 1));
  }
  return error;
}

}  // namespace

asio::awaitable<Result<Sideband>> Sideband::attach(Provider provider,
                                                   std::string call_id,
                                                   std::chrono::milliseconds patience) {
  std::string url = provider.sideband_url(call_id);
  return open(std::move(provider), std::move(url), patience);
}

asio::awaitable<Result<Sideband>> Sideband::attach_live(Provider provider,
                                                        std::string session_id,
                                                        std::chrono::milliseconds patience) {
  std::string url = provider.live_sideband_url(session_id);
  return open(std::move(provider), std::move(url), patience);
}

asio::awaitable<Result<Sideband>> Sideband::open(Provider provider,
                                                 std::string address,
                                                 std::chrono::milliseconds patience) {
  auto url = net::parse_url(address);
  if (!url) {
    co_return fail(std::move(url).error().with("sideband"));
  }
  const auto answer = std::make_shared<net::HttpResponse>();
  const net::WebSocketOptions options{
      .tls = provider.tls, .headers = provider.auth_headers(), .refusal = answer};
  asio::steady_timer timer{co_await asio::this_coro::executor};
  const auto began = std::chrono::steady_clock::now();
  for (int attempt = 1;; ++attempt) {
    auto socket = co_await net::connect_websocket(*url, options);
    if (socket) {
      co_return Sideband{std::move(*socket)};
    }
    const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began);
    const auto delay = attach_delay(attempt, socket.error().status, elapsed, patience);
    if (!delay) {
      Error refused = with_answer(std::move(socket).error(), *answer, provider.api_key);
      co_return fail(std::move(refused).with("sideband"));
    }
    timer.expires_after(*delay);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<Result<std::string>> Sideband::receive_text() {
  auto text = co_await socket_.receive();
  if (!text) {
    co_return fail(std::move(text).error().with("sideband"));
  }
  co_return std::move(text);
}

asio::awaitable<Result<SidebandEvent>> Sideband::receive() {
  for (;;) {
    auto text = co_await receive_text();
    if (!text) {
      co_return fail(std::move(text).error());
    }
    auto event = parse_sideband_event(*text);
    if (event) {
      co_return event;
    }
    ++malformed_;
  }
}

asio::awaitable<Result<>> Sideband::send(std::string event) {
  auto sent = co_await socket_.send(std::move(event));
  if (!sent) {
    co_return fail(std::move(sent).error().with("sideband"));
  }
  co_return sent;
}

asio::awaitable<void> Sideband::close() { co_await socket_.close(); }

}  // namespace offhook::openai
