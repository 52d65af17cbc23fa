#include "sim/brain.hpp"

#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/serialize.hpp>

#include "base/printable.hpp"
#include "net/http_client.hpp"
#include "sim/chat.hpp"

namespace offhook::sim {
namespace {

namespace asio = boost::asio;

constexpr std::size_t longest_quote = 200;

Result<Reply> judge(const Result<net::HttpResponse>& response) {
  if (!response) {
    return fail(response.error());
  }
  if (response->status < 200 || response->status > 299) {
    return fail(Errc::refused,
                "it answered " + std::to_string(response->status) + ": " +
                    printable(response->body, longest_quote),
                response->status);
  }
  return read_chat_answer(response->body);
}

asio::awaitable<void> think(BrainConfig config,
                            net::TlsContext tls,
                            boost::json::object body,
                            Brain::OnReply tell) {
  net::HttpRequest request;
  request.method = "POST";
  request.headers.add("Content-Type", "application/json");
  request.headers.add("Accept", "application/json, text/event-stream");
  if (!config.key.empty()) {
    request.headers.add("Authorization", "Bearer " + std::string{config.key.reveal()});
  }
  request.body = boost::json::serialize(body);
  net::HttpClientOptions options;
  options.tls = std::move(tls);
  options.timeout = config.timeout;
  const auto response =
      co_await net::http_exchange(config.url, std::move(request), std::move(options));
  tell(judge(response));
}

}  // namespace

Result<net::Url> brain_url(const std::string& text) {
  auto url = net::parse_url(text);
  if (!url || !url->scheme.starts_with("http")) {
    return fail(Errc::invalid_argument,
                printable(text, longest_quote) + ": must be an http or https address");
  }
  if (url->target == "/") {
    url->target = "/v1";
  }
  if (url->target.ends_with("/v1") || url->target.ends_with("/v1/")) {
    url->target += url->target.ends_with('/') ? "chat/completions" : "/chat/completions";
  }
  return url;
}

void Brain::ask(boost::json::object request, OnReply tell) {
  request["model"] = config_.model;
  asio::co_spawn(control_, think(config_, tls_, std::move(request), std::move(tell)),
                 asio::detached);
}

}  // namespace offhook::sim
