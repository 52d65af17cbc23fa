#include "sim/brain.hpp"

#include <exception>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/json/serialize.hpp>

#include "base/printable.hpp"
#include "net/http_client.hpp"
#include "openai/api_error.hpp"
#include "sim/chat.hpp"

namespace offhook::sim {
namespace {

namespace asio = boost::asio;

constexpr std::size_t longest_quote = 200;

Result<Reply> judge(const Result<net::HttpResponse>& response, const Secret& key) {
  if (!response) {
    return fail(response.error());
  }
  if (response->status < 200 || response->status > 299) {
    return fail(Errc::refused,
                "it answered " + std::to_string(response->status) + ": " +
                    openai::quoted(response->body, key),
                response->status);
  }
  auto reply = read_chat_answer(response->body);
  if (!reply) {
    reply.error().detail = openai::quoted(reply.error().detail, key);
  }
  return reply;
}

asio::awaitable<Result<Reply>> think(BrainConfig config,
                                     net::TlsContext tls,
                                     boost::json::object body) {
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
  co_return judge(response, config.key);
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
  asio::co_spawn(control_, think(config_, tls_, std::move(request)),
                 [tell = std::move(tell)](const std::exception_ptr& failure, Result<Reply> reply) {
                   // A turn that nobody answers would keep every later one waiting.
                   tell(failure ? Result<Reply>{fail(Errc::internal, "the request broke off")}
                                : std::move(reply));
                 });
}

}  // namespace offhook::sim
