#include "openai/webhook_receiver.hpp"

#include <doctest/doctest.h>

#include "imposter.hpp"
#include "net/http_client.hpp"

namespace asio = boost::asio;
using offhook::Secret;
using offhook::net::HttpHeaders;
using offhook::net::HttpRequest;
using offhook::net::HttpResponse;
using offhook::openai::RealtimeCallIncoming;
using offhook::openai::sign_webhook;
using offhook::openai::WebhookEvent;
using offhook::openai::WebhookReceiver;
using offhook::openai::WebhookRefusal;
using namespace offhook::openai::testing;

namespace {

constexpr std::int64_t now = 1'795'305'600;
const Secret secret{"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="};
const std::string call = R"({"type":"realtime.call.incoming","data":{"call_id":"rtc_1"}})";

/// A receiver behind a real HTTP server, and what it called back.
struct Desk {
  Desk() {
    offhook::net::HttpServerOptions options;
    options.max_body_bytes = 4'096;
    server = offhook::net::HttpServer::listen(context.get_executor(), options, receiver->handlers())
                 .value();
  }

  offhook::openai::WebhookReceiverOptions receiver_options() {
    return {.secrets = {secret},
            .on_event =
                [this](WebhookEvent event, std::string id) {
                  const auto* incoming = std::get_if<RealtimeCallIncoming>(&event);
                  told.push_back(id + " " + (incoming == nullptr ? "other" : incoming->call_id));
                },
            .on_refused = [this](WebhookRefusal reason) { refused.push_back(reason); },
            .on_signed_time = [this](bool fits) { times.push_back(fits); },
            .unix_time = [] { return now; }};
  }

  HttpResponse send(HttpRequest request) {
    auto url = offhook::net::parse_url("http://127.0.0.1:" + std::to_string(server->port()) +
                                       request.target)
                   .value();
    return run(context, offhook::net::http_exchange(std::move(url), std::move(request), {}))
        .value();
  }

  int deliver(HttpHeaders headers, std::string body) {
    return send({"POST", "/webhook", std::move(headers), std::move(body), {}}).status;
  }

  asio::io_context context;
  std::vector<std::string> told;
  std::vector<WebhookRefusal> refused;
  std::vector<bool> times;
  std::unique_ptr<WebhookReceiver> receiver =
      std::make_unique<WebhookReceiver>(context.get_executor(), receiver_options());
  std::unique_ptr<offhook::net::HttpServer> server;
};

HttpHeaders signed_headers(const std::string& id, std::string_view body, std::int64_t at = now) {
  const std::string timestamp = std::to_string(at);
  return {{"webhook-id", id},
          {"webhook-timestamp", timestamp},
          {"webhook-signature", sign_webhook(secret, id, timestamp, body)}};
}

using Story = std::vector<std::string>;

}  // namespace

TEST_SUITE("webhook receiver") {
  TEST_CASE("answers a genuine delivery with 200 and tells it once") {
    Desk desk;
    CHECK(desk.deliver(signed_headers("wh_1", call), call) == 200);
    CHECK(desk.told == Story{"wh_1 rtc_1"});
    CHECK(desk.receiver->counts().accepted == 1);
  }

  TEST_CASE("answers repetitions with 200, new timestamp or not, and tells nothing") {
    Desk desk;
    CHECK(desk.deliver(signed_headers("wh_1", call), call) == 200);
    CHECK(desk.deliver(signed_headers("wh_1", call), call) == 200);
    CHECK(desk.deliver(signed_headers("wh_1", call, now + 60), call) == 200);
    CHECK(desk.deliver(signed_headers("wh_2", call), call) == 200);
    CHECK(desk.told == Story{"wh_1 rtc_1", "wh_2 rtc_1"});
    CHECK(desk.receiver->counts().duplicates == 2);
  }

  TEST_CASE("acknowledges test deliveries and other events") {
    Desk desk;
    const std::string test = R"({"type":"realtime.call.incoming","data":{}})";
    const std::string other = R"({"type":"response.completed"})";
    CHECK(desk.deliver(signed_headers("wh_1", test), test) == 200);
    CHECK(desk.deliver(signed_headers("wh_2", other), other) == 200);
    CHECK(desk.told == Story{"wh_1 ", "wh_2 other"});
  }

  TEST_CASE("refuses forged, stale and unsigned deliveries with 401 and says why") {
    Desk desk;
    CHECK(desk.deliver(signed_headers("wh_1", call), call + " ") == 401);
    CHECK(desk.deliver(signed_headers("wh_1", call, now - 301), call) == 401);
    CHECK(desk.deliver(signed_headers("wh_1", call, now + 301), call) == 401);
    CHECK(desk.deliver({}, call) == 401);
    CHECK(
        desk.deliver(
            {{"webhook-id", "wh_1"}, {"webhook-timestamp", "soon"}, {"webhook-signature", "v1,x"}},
            call) == 401);
    CHECK(desk.refused == std::vector{WebhookRefusal::wrong_signature, WebhookRefusal::too_old,
                                      WebhookRefusal::too_new, WebhookRefusal::missing_header,
                                      WebhookRefusal::bad_timestamp});
    CHECK(desk.told.empty());
    CHECK(desk.receiver->counts().refused_in_all() == 5);
    CHECK(desk.receiver->counts().refused_for(WebhookRefusal::too_old) == 1);
  }

  TEST_CASE("tells whether the time of genuine deliveries fits, and of no others") {
    Desk desk;
    CHECK(desk.deliver(signed_headers("wh_1", call, now - 301), call) == 401);
    CHECK(desk.deliver(signed_headers("wh_1", call, now - 301), call + " ") == 401);
    CHECK(desk.deliver(signed_headers("wh_1", call), call + " ") == 401);
    CHECK(desk.deliver(signed_headers("wh_1", call, now + 300), call) == 200);
    CHECK(desk.times == std::vector{false, true});
  }

  TEST_CASE("a refused delivery does not block the genuine one of the same id") {
    Desk desk;
    CHECK(desk.deliver(signed_headers("wh_1", call), call + " ") == 401);
    CHECK(desk.deliver(signed_headers("wh_1", call), call) == 200);
    CHECK(desk.told == Story{"wh_1 rtc_1"});
  }

  TEST_CASE("answers signed nonsense with 400, every time") {
    Desk desk;
    const std::string nonsense = R"({"type":)";
    CHECK(desk.deliver(signed_headers("wh_1", nonsense), nonsense) == 400);
    CHECK(desk.deliver(signed_headers("wh_1", nonsense), nonsense) == 400);
    CHECK(desk.refused == std::vector(2, WebhookRefusal::malformed_body));
    CHECK(desk.told.empty());
  }

  TEST_CASE("answers another method with 405, another path with 404, a huge body with 413") {
    Desk desk;
    const auto get = desk.send({"GET", "/webhook", {}, {}, {}});
    CHECK(get.status == 405);
    CHECK(get.headers.get("allow") == "POST");
    CHECK(desk.send({"POST", "/admin", signed_headers("wh_1", call), call, {}}).status == 404);
    CHECK(desk.send({"GET", "/", {}, {}, {}}).status == 404);
    const std::string huge(5'000, 'x');
    CHECK(desk.deliver(signed_headers("wh_1", huge), huge) == 413);
    CHECK(desk.told.empty());
    CHECK(desk.receiver->counts().refused_in_all() == 0);
  }

  TEST_CASE("takes deliveries with a query behind the path") {
    Desk desk;
    CHECK(desk.send({"POST", "/webhook?from=tunnel", signed_headers("wh_1", call), call, {}})
              .status == 200);
  }

  TEST_CASE("takes other secrets from one delivery to the next") {
    Desk desk;
    CHECK(desk.deliver(signed_headers("wh_1", call), call) == 200);
    desk.receiver->set_secrets({Secret{"another"}});
    CHECK(desk.deliver(signed_headers("wh_2", call), call) == 401);
    desk.receiver->set_secrets({Secret{"another"}, secret});
    CHECK(desk.deliver(signed_headers("wh_2", call), call) == 200);
    CHECK(desk.told == Story{"wh_1 rtc_1", "wh_2 rtc_1"});
  }

  TEST_CASE("calls nothing back once it is destroyed") {
    Desk desk;
    const auto handlers = desk.receiver->handlers();
    HttpRequest request{"POST", "/webhook", signed_headers("wh_1", call), call, {}};
    desk.receiver.reset();
    CHECK(run(desk.context, handlers.request(std::move(request))).status == 503);
    CHECK(desk.deliver(signed_headers("wh_2", call), call) == 503);
    CHECK(desk.told.empty());
  }
}
