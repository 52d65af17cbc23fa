// Azure's form of the API.
#include <string>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "faulty_call.hpp"

namespace offhook::sim {
namespace {

net::HttpResponse ask(SimWorld& world,
                      std::string method,
                      const std::string& path,
                      const std::string& header,
                      const std::string& value,
                      std::string body = {}) {
  net::HttpRequest request;
  request.method = std::move(method);
  request.headers.add(header, value);
  request.body = std::move(body);
  const auto url = net::parse_url(world.api("http") + path).value();
  return world.run(net::http_exchange(url, std::move(request), {})).value();
}

std::string code(const net::HttpResponse& response) {
  const auto body = boost::json::parse(response.body);
  return std::string{json_string(body, "error.code")} + ' ' +
         std::string{json_string(body, "error.param")};
}

TEST_SUITE("Azure") {
  TEST_CASE("takes the key in its own header, and a token, under its own paths only") {
    SimWorld world;
    const std::string azure = "/openai/v1/realtime/calls/rtc_x/hangup";
    const std::string openai = "/v1/realtime/calls/rtc_x/hangup";
    CHECK(ask(world, "POST", azure, "api-key", test_key).status == 404);
    CHECK(ask(world, "POST", azure, "Authorization", "Bearer " + test_key).status == 404);
    CHECK(ask(world, "POST", azure, "api-key", "sk-wrong").status == 401);
    CHECK(ask(world, "POST", openai, "api-key", test_key).status == 401);
    CHECK(ask(world, "POST", openai, "Authorization", "Bearer " + test_key).status == 404);
  }

  TEST_CASE("wants type, model and instructions in an accept, and then goes on as OpenAI does") {
    SimWorld world;
    FaultyCall call{world, ""};
    const std::string id = world.take_call().call_id;
    const std::string path = "/openai/v1/realtime/calls/" + id;
    const auto accept = [&](std::string body) {
      return ask(world, "POST", path + "/accept", "api-key", test_key, std::move(body));
    };
    CHECK(code(accept(R"({"type":"realtime","model":"m"})")) ==
          "missing_required_parameter instructions");
    CHECK(accept(plain_session).status == 200);
    net::WebSocketOptions options;
    options.headers.add("api-key", test_key);
    const auto url = net::parse_url(world.api("ws") + "/openai/v1/realtime?call_id=" + id).value();
    auto socket = world.run(net::connect_websocket(url, std::move(options)));
    REQUIRE(socket);
    const auto first = world.run(socket->receive());
    CHECK(json_string(boost::json::parse(first.value()), "type") == "session.created");
    CHECK(ask(world, "POST", path + "/hangup", "api-key", test_key).status == 200);
  }

  TEST_CASE("has webhook endpoints on its dashboard, under their own name") {
    SimWorld world;
    const std::string path = "/openai/v1/dashboard/webhook_endpoints";
    const auto created = boost::json::parse(
        ask(world, "POST", path, "api-key", test_key,
            R"({"name":"n","url":"https://x.test/","event_types":["realtime.call.incoming"]})")
            .body);
    CHECK(json_string(created, "object") == "webhook.endpoint");
    const std::string id{json_string(created, "id")};
    const auto listed = boost::json::parse(ask(world, "GET", path, "api-key", test_key).body);
    CHECK(json_string(json_at(listed, "data")->as_array().front(), "object") == "webhook.endpoint");
    CHECK(ask(world, "POST", path + "/" + id + "/test", "api-key", test_key, "{}").status == 404);
    CHECK(ask(world, "DELETE", path + "/" + id, "api-key", test_key).status == 200);
    CHECK(ask(world, "GET", "/openai/v1/webhook_endpoints", "api-key", test_key).status == 404);
  }

  TEST_CASE("has no Live") {
    SimWorld world;
    CHECK(ask(world, "POST", "/openai/v1/live/sessions", "api-key", test_key, "{}").status == 404);
  }
}

}  // namespace
}  // namespace offhook::sim
