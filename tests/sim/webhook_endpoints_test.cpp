#include "sim/webhook_endpoints.hpp"

#include <string>
#include <string_view>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "base/json.hpp"

namespace offhook::sim {
namespace {

constexpr std::int64_t noon = 1'700'000'000;

boost::json::value body(std::string_view text) { return boost::json::parse(text); }

std::string make(WebhookEndpoints& endpoints, const std::string& name) {
  const auto made =
      endpoints.create(body(R"({"event_types":["realtime.call.incoming"],"name":")" + name +
                            R"(","url":"https://example.com/)" + name + R"("})"),
                       noon);
  return std::string{made.value().at("id").as_string()};
}

TEST_SUITE("Webhook endpoints") {
  TEST_CASE("the secret is told once, and only hinted at afterwards") {
    WebhookEndpoints endpoints{Ids{0}};
    const auto made = endpoints.create(
        body(R"({"event_types":["realtime.call.incoming","batch.failed"],"name":"mine",
                 "url":"https://example.com/hook"})"),
        noon);
    REQUIRE(made);
    const std::string secret{made->at("signing_secret").as_string()};
    const std::string id{made->at("id").as_string()};
    CHECK(id.starts_with("whe_"));
    CHECK(secret.starts_with("whsec_"));
    CHECK(made->at("object").as_string() == "webhook_endpoint");
    CHECK(made->at("created_at").as_int64() == noon);
    const auto seen = endpoints.get(id);
    REQUIRE(seen);
    CHECK_FALSE(seen->contains("signing_secret"));
    CHECK(seen->at("signing_secret_hint").as_string().starts_with("whsec_..."));
    CHECK(seen->at("event_types").as_array().size() == 2);
    CHECK(boost::json::serialize(endpoints.describe()).find(secret) == std::string::npos);
    CHECK(endpoints.target(id, noon)->secrets.at(0).reveal() == secret);
  }

  TEST_CASE("fields are checked") {
    WebhookEndpoints endpoints{Ids{0}};
    struct Wrong {
      std::string_view body;
      std::string_view param;
    };
    for (const auto& [text, param] :
         {Wrong{R"({"name":"a","url":"https://a.org"})", "event_types"},
          Wrong{R"({"event_types":[],"name":"a","url":"https://a.org"})", "event_types"},
          Wrong{R"({"event_types":["live.transport.incoming"],"name":"a","url":"https://a.org"})",
                "event_types"},
          Wrong{R"({"event_types":["batch.failed"],"url":"https://a.org"})", "name"},
          Wrong{R"({"event_types":["batch.failed"],"name":"a"})", "url"},
          Wrong{R"({"event_types":["batch.failed"],"name":"a","url":"http://a.org"})", "url"},
          Wrong{R"({"event_types":["batch.failed"],"name":"a","url":"https://a.org","x":1})",
                "x"}}) {
      CAPTURE(text);
      const auto refused = endpoints.create(body(text), noon);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().param == param);
    }
    CHECK(endpoints.create(body(R"({"event_types":["batch.failed"],"name":"a",
                                     "url":"http://127.0.0.1:9/"})"),
                           noon));
  }

  TEST_CASE("pages come newest first") {
    WebhookEndpoints endpoints{Ids{0}};
    const std::string a = make(endpoints, "a");
    const std::string b = make(endpoints, "b");
    const std::string c = make(endpoints, "c");
    const auto first = endpoints.list({}, "2");
    REQUIRE(first);
    CHECK(first->at("first_id").as_string() == c);
    CHECK(first->at("last_id").as_string() == b);
    CHECK(first->at("has_more").as_bool());
    const auto second = endpoints.list(b, {});
    REQUIRE(second);
    CHECK(second->at("data").as_array().size() == 1);
    CHECK(second->at("last_id").as_string() == a);
    CHECK_FALSE(second->at("has_more").as_bool());
    CHECK(endpoints.list("whe_nobody", {}).error().status == 404);
    CHECK(endpoints.list({}, "0").error().param == "limit");
    CHECK(endpoints.list({}, "x").error().param == "limit");
    CHECK(endpoints.list(a, {})->at("first_id").is_null());
  }

  TEST_CASE("an update changes what it names") {
    WebhookEndpoints endpoints{Ids{0}};
    const std::string id = make(endpoints, "a");
    const auto changed = endpoints.update(id, body(R"({"url":"https://b.org/"})"), noon + 5);
    REQUIRE(changed);
    CHECK(changed->at("url").as_string() == "https://b.org/");
    CHECK(changed->at("name").as_string() == "a");
    CHECK(changed->at("updated_at").as_int64() == noon + 5);
    CHECK_FALSE(endpoints.update(id, body(R"({"url":"ftp://b.org/"})"), noon));
    CHECK(endpoints.update("whe_nobody", body("{}"), noon).error().status == 404);
  }

  TEST_CASE("a rotation may keep the old secret for a day") {
    WebhookEndpoints endpoints{Ids{0}};
    const std::string id = make(endpoints, "a");
    const std::string old{endpoints.target(id, noon)->secrets.at(0).reveal()};
    const auto rotated =
        endpoints.rotate(id, body(R"({"keep_old_secret_active_for_24_hours":true})"), noon);
    REQUIRE(rotated);
    const std::string fresh{rotated->at("signing_secret").as_string()};
    CHECK(fresh != old);
    auto target = endpoints.target(id, noon + 86'399);
    REQUIRE(target->secrets.size() == 2);
    CHECK(target->secrets[0].reveal() == fresh);
    CHECK(target->secrets[1].reveal() == old);
    CHECK(endpoints.target(id, noon + 86'400)->secrets.size() == 1);
    CHECK(endpoints.rotate(id, body("{}"), noon));
    target = endpoints.target(id, noon);
    REQUIRE(target->secrets.size() == 1);
    CHECK(target->secrets[0].reveal() != fresh);
    CHECK_FALSE(endpoints.rotate(id, body(R"({"keep":true})"), noon));
  }

  TEST_CASE("events go to those who want them, and to the dashboard's endpoint") {
    WebhookEndpoints endpoints{Ids{0}};
    const std::string id = make(endpoints, "a");
    CHECK(endpoints.subscribers("realtime.call.incoming") == std::vector<std::string>{id});
    CHECK(endpoints.subscribers("live.transport.incoming").empty());
    endpoints.configure("http://127.0.0.1:9/", Secret{"s"}, noon);
    CHECK(endpoints.subscribers("realtime.call.incoming").size() == 2);
    CHECK(endpoints.subscribers("live.transport.incoming").size() == 1);
    const auto gone = endpoints.remove(id);
    REQUIRE(gone);
    CHECK(gone->at("deleted").as_bool());
    CHECK_FALSE(endpoints.target(id, noon));
    CHECK(endpoints.remove(id).error().status == 404);
    endpoints.configure({}, {}, noon);
    CHECK(endpoints.subscribers("realtime.call.incoming").empty());
  }
}

}  // namespace
}  // namespace offhook::sim
