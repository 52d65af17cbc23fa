#include "controller.hpp"

#include <cstdio>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/json.hpp"
#include "net/http_client.hpp"
#include "net/websocket.hpp"

namespace offhook::bench {
namespace {

namespace asio = boost::asio;

constexpr std::string_view session = R"({"type":"realtime","model":"gpt-realtime-2.1",
    "instructions":"You are the support line of a shop.","audio":{"input":{
      "transcription":{"model":"gpt-4o-mini-transcribe"},
      "turn_detection":{"type":"server_vad","create_response":false,"interrupt_response":true}}}})";

net::HttpHeaders key() { return {{"Authorization", "Bearer sk-sim"}}; }

}  // namespace

Controller::Controller(asio::any_io_executor executor) : executor_{std::move(executor)} {
  net::HttpHandlers handlers;
  handlers.request = [this](net::HttpRequest request) { return take(std::move(request)); };
  server_ = net::HttpServer::listen(executor_, {}, std::move(handlers)).value();
}

std::string Controller::webhook() const {
  return fmt::format("http://127.0.0.1:{}/webhook", server_->port());
}

asio::awaitable<net::HttpResponse> Controller::take(net::HttpRequest request) {
  const auto event = parse_json(request.body).value();
  if (json_string(event, "type") == "realtime.call.incoming") {
    asio::co_spawn(executor_, converse(std::string{json_string(event, "data.call_id")}),
                   asio::detached);
  }
  co_return net::HttpResponse{};
}

asio::awaitable<void> Controller::converse(std::string call_id) {
  net::HttpRequest accept;
  accept.method = "POST";
  accept.headers = key();
  accept.headers.add("Content-Type", "application/json");
  accept.body = session;
  auto url = net::parse_url(base_ + "/realtime/calls/" + call_id + "/accept").value();
  net::HttpClientOptions options;
  const auto accepted =
      co_await net::http_exchange(std::move(url), std::move(accept), std::move(options));
  if (!accepted || accepted->status != 200) {
    std::fprintf(stderr, "accept: %s\n",
                 accepted ? accepted->body.c_str() : accepted.error().detail.c_str());
    co_return;
  }
  auto where = net::parse_url("ws" + base_.substr(4) + "/realtime?call_id=" + call_id).value();
  net::WebSocketOptions how;
  how.headers = key();
  auto socket = co_await net::connect_websocket(std::move(where), std::move(how));
  if (!socket) {
    std::fprintf(stderr, "attach: %s\n", socket.error().detail.c_str());
    co_return;
  }
  for (;;) {
    const auto event = co_await socket->receive();
    if (!event) {
      co_return;
    }
    std::string order = answer(*event);
    if (!order.empty()) {
      const auto sent = co_await socket->send(std::move(order));
      static_cast<void>(sent);
    }
  }
}

/// @return what to send, or nothing.
std::string Controller::answer(std::string_view text) {
  const auto event = parse_json(text).value();
  const auto type = json_string(event, "type");
  if (type == "response.done") {
    const bool good = json_string(event, "response.status") == "completed";
    ++(good ? completed_ : failed_);
  }
  if (type != "conversation.item.input_audio_transcription.completed") {
    return {};
  }
  if (understood_.empty()) {
    understood_ = json_string(event, "transcript");
  }
  const std::size_t number = 10'000 + ++answers_;
  const boost::json::object response{
      {"instructions",
       fmt::format("Say \"Your order number {} has left our house, and it arrives on Monday.\"",
                   number)}};
  return boost::json::serialize(
      boost::json::object{{"type", "response.create"}, {"response", response}});
}

}  // namespace offhook::bench
