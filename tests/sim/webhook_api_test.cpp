#include <string>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "faulty_call.hpp"

namespace offhook::sim {
namespace {

/// A receiver besides the one of the world.
struct SecondReceiver {
  explicit SecondReceiver(SimWorld& world) {
    net::HttpHandlers handlers;
    handlers.request = [this](net::HttpRequest request) { return take(std::move(request)); };
    server =
        net::HttpServer::listen(world.context().get_executor(), {}, std::move(handlers)).value();
  }
  boost::asio::awaitable<net::HttpResponse> take(net::HttpRequest request) {
    got.push_back(std::move(request));
    co_return net::HttpResponse{status, {}, {}};
  }
  [[nodiscard]] bool verifies(std::size_t index, const std::string& secret) const {
    const auto& request = got.at(index);
    const openai::WebhookHeaders headers{request.headers.get("webhook-id"),
                                         request.headers.get("webhook-timestamp"),
                                         request.headers.get("webhook-signature")};
    return openai::verify_webhook({Secret{secret}}, headers, request.body,
                                  std::stoll(std::string{headers.timestamp}))
        .has_value();
  }

  int status = 200;
  std::vector<net::HttpRequest> got{};
  std::unique_ptr<net::HttpServer> server{};
};

/// What the SDK declares as the answer of an operation.
std::string_view declared(std::string_view method, std::string_view path) {
  if (method == "DELETE") {
    return "webhook endpoint deleted";
  }
  if (method == "GET") {
    return path.empty() ? "webhook endpoint list" : "webhook endpoint";
  }
  return path.ends_with("/test") ? "webhook endpoint tested" : "webhook endpoint with secret";
}

boost::json::value ask(SimWorld& world,
                       const std::string& method,
                       const std::string& path,
                       const std::string& body = {}) {
  const auto response = world.request(method, "/v1/webhook_endpoints" + path, body);
  CHECK(response.headers.get("content-type") == "application/json");
  auto answer = boost::json::parse(response.body);
  if (response.status == 200) {
    conformance::check_body(answer, declared(method, path));
  }
  return answer;
}

TEST_SUITE("Webhook endpoints by REST") {
  TEST_CASE("are made, told of calls, rotated, tested and deleted") {
    SimWorld world;
    SecondReceiver receiver{world};
    const auto made = ask(world, "POST", "",
                          R"({"event_types":["realtime.call.incoming"],"name":"mine","url":
                              "http://127.0.0.1:)" +
                              std::to_string(receiver.server->port()) + R"(/hook"})");
    const std::string id{json_string(made, "id")};
    const std::string first{json_string(made, "signing_secret")};
    CHECK(json_string(ask(world, "GET", ""), "first_id") == id);
    CHECK(json_string(ask(world, "GET", "/" + id), "name") == "mine");

    FaultyCall call{world, ""};
    static_cast<void>(world.take_call());
    world.run_until([&] { return receiver.got.size() == 1; });
    CHECK(receiver.verifies(0, first));

    const auto rotated = ask(world, "POST", "/" + id + "/rotate_secret",
                             R"({"keep_old_secret_active_for_24_hours":true})");
    const std::string second{json_string(rotated, "signing_secret")};
    const auto tested =
        ask(world, "POST", "/" + id + "/test", R"({"event_type":"realtime.call.incoming"})");
    CHECK(json_string(tested, "object") == "webhook_endpoint.test");
    CHECK(json_int(tested, "status_code") == 200);
    REQUIRE(receiver.got.size() == 2);
    CHECK(receiver.verifies(1, first));
    CHECK(receiver.verifies(1, second));
    const auto event = boost::json::parse(receiver.got[1].body);
    const std::string nobody{json_string(event, "data.call_id")};
    CHECK(world.post(nobody, "accept", plain_session).status == 404);

    static_cast<void>(ask(world, "POST", "/" + id + "/rotate_secret"));
    static_cast<void>(ask(world, "POST", "/" + id + "/test", R"({"event_type":"batch.failed"})"));
    CHECK_FALSE(receiver.verifies(2, second));
    CHECK(json_at(ask(world, "DELETE", "/" + id), "deleted")->as_bool());
    CHECK(world.request("GET", "/v1/webhook_endpoints/" + id).status == 404);
  }

  TEST_CASE("a test that is not taken fails") {
    SimWorld world;
    SecondReceiver receiver{world};
    receiver.status = 503;
    const auto made =
        ask(world, "POST", "",
            R"({"event_types":["batch.failed"],"name":"mine","url":"http://127.0.0.1:)" +
                std::to_string(receiver.server->port()) + R"("})");
    const auto failed = ask(world, "POST", "/" + std::string{json_string(made, "id")} + "/test",
                            R"({"event_type":"batch.failed"})");
    CHECK(json_string(failed, "error.code") == "webhook_test_failed");
    CHECK(receiver.got.size() == 1);
  }

  TEST_CASE("need the key; other paths and methods are unknown; types are listed") {
    SimWorld world;
    net::HttpRequest keyless;
    keyless.method = "GET";
    const auto url = net::parse_url(world.api("http") + "/v1/webhook_endpoints").value();
    CHECK(world.run(net::http_exchange(url, keyless, {})).value().status == 401);
    for (const auto& [method, path] : {std::pair{"PUT", "/v1/webhook_endpoints"},
                                       {"POST", "/v1/webhook_event_types"},
                                       {"POST", "/v1/webhook_endpoints/whe_1/dance"},
                                       {"DELETE", "/v1/webhook_endpoints"}}) {
      CAPTURE(path);
      CHECK(world.request(method, path, "{}").status == 404);
    }
    const auto types = boost::json::parse(world.request("GET", "/v1/webhook_event_types").body);
    conformance::check_body(types, "webhook event types");
    CHECK(json_at(types, "data")->as_array().size() > 10);
  }
}

TEST_SUITE("View of the sim") {
  TEST_CASE("shows calls, endpoints and deliveries, needs no key here, and tells no secret") {
    SimWorld world;
    world.faults.extra_fields = true;
    FaultyCall call{world, "extra-fields"};
    call.take();
    net::HttpRequest keyless;
    keyless.method = "GET";
    const auto url = net::parse_url(world.api("http") + "/_sim").value();
    const auto response = world.run(net::http_exchange(url, keyless, {})).value();
    REQUIRE(response.status == 200);
    CHECK(response.body.find(test_secret) == std::string::npos);
    CHECK(response.body.find(test_key) == std::string::npos);
    const auto view = boost::json::parse(response.body);
    const auto& shown = json_at(view, "calls")->as_array().at(0);
    CHECK(json_string(shown, "call_id") == call.id);
    CHECK(json_string(shown, "state") == "answered");
    CHECK(json_string(shown, "api") == "realtime");
    CHECK(json_int(shown, "observers") == 1);
    CHECK(json_at(shown, "quirks")->as_array().at(0) == "extra-fields");
    const auto& delivery = json_at(view, "deliveries")->as_array().at(0);
    CHECK(json_string(delivery, "call_id") == call.id);
    CHECK(json_int(delivery, "status") == 200);
    CHECK(json_int(delivery, "delivered") == 1);
    CHECK(json_at(view, "webhook_endpoints")->as_array().size() == 1);
  }
}

}  // namespace
}  // namespace offhook::sim
