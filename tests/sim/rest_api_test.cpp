#include "sim/rest_api.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "base/json.hpp"
#include "conformance/type_book.hpp"

namespace offhook::sim {
namespace {

/// A call that only notes what is asked of it.
class NotedLeg : public Leg {
 public:
  [[nodiscard]] audio::CodecId codec() const override { return audio::CodecId::pcma; }
  [[nodiscard]] const QuirkSet& quirks() const override { return faults; }
  void describe(boost::json::object& call) const override { call["noted"] = notes.size(); }
  void accept(SessionConfig config) override {
    notes.push_back("accept " + config.model() + " " +
                    std::string{json_string(config.json(), "audio.input.format.type")});
  }
  [[nodiscard]] bool secure() const override { return secure_media; }
  void accept_live(LiveConfig config) override { notes.push_back("accept live " + config.model()); }
  void fail_accepted() override { notes.emplace_back("fail"); }
  void reject(int status) override { notes.push_back("reject " + std::to_string(status)); }
  void hang_up() override { notes.emplace_back("hang up"); }
  void refer(std::string target_uri) override { notes.push_back("refer " + target_uri); }
  void attach(std::shared_ptr<Observer> /*observer*/) override {}
  void detach(const Observer& /*observer*/) override {}
  void on_client_event(std::string_view /*text*/) override {}

  std::vector<std::string> notes;
  QuirkSet faults;
  bool secure_media = true;
};

constexpr std::string_view session = R"({"type":"realtime","model":"m","instructions":"i"})";

/// The REST API with one pending call, rtc_1.
struct ApiFixture {
  explicit ApiFixture(std::initializer_list<Quirk> quirks = {}) {
    for (const Quirk quirk : quirks) {
      leg->faults.add(quirk);
    }
    calls.add(ids, leg);
  }

  net::HttpResponse post(std::string target,
                         std::string_view body = {},
                         std::string authorization = "Bearer sk-sim") {
    net::HttpRequest request;
    request.method = "POST";
    request.target = std::move(target);
    request.headers.add("Authorization", std::move(authorization));
    request.body = body;
    return api.handle(request);
  }

  const CallIds ids{"rtc_1", "live_1"};
  std::shared_ptr<NotedLeg> leg = std::make_shared<NotedLeg>();
  Calls calls;
  RestApi api{calls, Secret{"sk-sim"}, Ids{0}};
};

std::string code_of(const net::HttpResponse& response) {
  const auto body = boost::json::parse(response.body);
  return std::to_string(response.status) + " " + std::string{json_string(body, "error.code")};
}

std::string param_of(const net::HttpResponse& response) {
  return std::string{json_string(boost::json::parse(response.body), "error.param")};
}

TEST_SUITE("REST API") {
  TEST_CASE("accept starts the session with the codec of the call; the answer has no body") {
    ApiFixture sim;
    const auto response = sim.post("/v1/realtime/calls/rtc_1/accept", session);
    CHECK(response.status == 200);
    CHECK(response.body.empty());
    CHECK(response.headers.get("x-request-id").starts_with("req_"));
    CHECK(sim.leg->notes == std::vector<std::string>{"accept m audio/pcma"});
  }

  TEST_CASE("a wrong key opens nothing") {
    ApiFixture sim;
    for (const std::string authorization :
         {"", "Bearer", "Bearer ", "Bearer sk-sin", "Bearer sk-sim2", "Basic sk-sim", "sk-sim"}) {
      CAPTURE(authorization);
      CHECK(code_of(sim.post("/v1/realtime/calls/rtc_1/accept", session, authorization)) ==
            "401 invalid_api_key");
    }
    CHECK(sim.leg->notes.empty());
    CHECK(sim.post("/v1/realtime/calls/rtc_1/accept", session, "bearer sk-sim").status == 200);
  }

  TEST_CASE("a bad accept body says what is wrong and decides nothing") {
    ApiFixture sim;
    const auto no_type = sim.post("/v1/realtime/calls/rtc_1/accept", R"({"model":"m"})");
    CHECK(code_of(no_type) == "400 missing_required_parameter");
    CHECK(param_of(no_type) == "session.type");
    const auto number = sim.post("/v1/realtime/calls/rtc_1/accept",
                                 R"({"type":"realtime","audio":{"input":{"turn_detection":
                                     {"type":"server_vad","threshold":0.5}}}})");
    CHECK(code_of(number) == "400 unknown_parameter");
    CHECK(param_of(number) == "session.audio.input.turn_detection.threshold");
    for (const std::string_view body : {"", "{", "[]", "nonsense"}) {
      CHECK(sim.post("/v1/realtime/calls/rtc_1/accept", body).status == 400);
    }
    CHECK(sim.leg->notes.empty());
    CHECK(sim.post("/v1/realtime/calls/rtc_1/accept", session).status == 200);
  }

  TEST_CASE("a call is decided once") {
    ApiFixture sim;
    CHECK(sim.post("/v1/realtime/calls/rtc_1/accept", session).status == 200);
    CHECK(code_of(sim.post("/v1/realtime/calls/rtc_1/accept", session)) ==
          "409 decision_already_made");
    CHECK(code_of(sim.post("/v1/realtime/calls/rtc_1/reject")) == "409 decision_already_made");
    CHECK(sim.leg->notes.size() == 1);
  }

  TEST_CASE("reject takes a final SIP status, 603 by default") {
    for (const auto& [body, note] : {std::pair{"", "reject 603"}, std::pair{"{}", "reject 603"},
                                     std::pair{R"({"status_code":486})", "reject 486"}}) {
      ApiFixture sim;
      CHECK(sim.post("/v1/realtime/calls/rtc_1/reject", body).status == 200);
      CHECK(sim.leg->notes == std::vector<std::string>{note});
    }
    ApiFixture sim;
    CHECK(code_of(sim.post("/v1/realtime/calls/rtc_1/reject", R"({"status_code":200})")) ==
          "400 invalid_value");
    CHECK(code_of(sim.post("/v1/realtime/calls/rtc_1/reject", R"({"status_code":"486"})")) ==
          "400 invalid_value");
    CHECK(code_of(sim.post("/v1/realtime/calls/rtc_1/reject", R"({"reason":"no"})")) ==
          "400 unknown_parameter");
    CHECK(sim.leg->notes.empty());
  }

  TEST_CASE("a rejected call stays decided after it is over, an accepted one is unknown") {
    ApiFixture sim;
    CHECK(sim.post("/v1/realtime/calls/rtc_1/reject").status == 200);
    sim.calls.remove(sim.ids);
    CHECK(code_of(sim.post("/v1/realtime/calls/rtc_1/accept", session)) ==
          "409 decision_already_made");
    sim.calls.add({"rtc_2", {}}, sim.leg);
    CHECK(sim.post("/v1/realtime/calls/rtc_2/accept", session).status == 200);
    sim.calls.remove({"rtc_2", {}});
    CHECK(code_of(sim.post("/v1/realtime/calls/rtc_2/accept", session)) == "404 call_id_not_found");
    CHECK(code_of(sim.post("/v1/realtime/calls/rtc_2/hangup")) == "404 call_id_not_found");
  }

  TEST_CASE("refer needs an answered call and a target, which goes on verbatim") {
    ApiFixture sim;
    const std::string target = R"({"target_uri":"tel:+14155550123"})";
    CHECK(code_of(sim.post("/v1/realtime/calls/rtc_1/refer", target)) == "404 call_id_not_found");
    CHECK(sim.post("/v1/realtime/calls/rtc_1/accept", session).status == 200);
    CHECK(code_of(sim.post("/v1/realtime/calls/rtc_1/refer", target)) == "404 call_id_not_found");
    sim.calls.set_answered(sim.ids);
    CHECK(code_of(sim.post("/v1/realtime/calls/rtc_1/refer", "{}")) ==
          "400 missing_required_parameter");
    CHECK(code_of(sim.post("/v1/realtime/calls/rtc_1/refer",
                           R"({"target_uri":"sip:a@b\r\nX-Evil: 1"})")) == "400 invalid_value");
    CHECK(sim.post("/v1/realtime/calls/rtc_1/refer", target).status == 200);
    CHECK(sim.leg->notes.back() == "refer tel:+14155550123");
  }

  TEST_CASE("hangup ends an accepted call") {
    ApiFixture sim;
    CHECK(code_of(sim.post("/v1/realtime/calls/rtc_1/hangup")) == "404 call_id_not_found");
    CHECK(sim.post("/v1/realtime/calls/rtc_1/accept", session).status == 200);
    CHECK(sim.post("/v1/realtime/calls/rtc_1/hangup").status == 200);
    CHECK(sim.leg->notes.back() == "hang up");
  }

  TEST_CASE("Live's accept wraps its session and is as strict") {
    struct Wrong {
      std::string_view body;
      std::string_view code;
      std::string_view param;
    };
    ApiFixture sim;
    for (const auto& [body, code, param] :
         {Wrong{R"({"type":"live","model":"m"})", "unknown_parameter", "type"},
          Wrong{"{}", "missing_required_parameter", "session"},
          Wrong{R"({"session":{"model":"m"}})", "missing_required_parameter", "session.type"},
          Wrong{R"({"session":{"type":"realtime","model":"m"}})", "invalid_value", "session.type"},
          Wrong{R"({"session":{"type":"live"}})", "missing_required_parameter", "session.model"},
          Wrong{R"({"session":{"type":"live","model":"m","tools":[]}})", "unknown_parameter",
                "session.tools"},
          Wrong{R"({"session":{"type":"live","model":"m","audio":{"format":{}}}})",
                "unknown_parameter", "session.audio.format"},
          Wrong{R"({"session":{"type":"live","model":"m","delegation":{"type":"responses"}}})",
                "missing_required_parameter", "session.delegation.responses"},
          Wrong{R"({"session":{"type":"live","model":"m","store":1}})", "invalid_value",
                "session.store"},
          Wrong{R"({"session":{"type":"live","model":"m","input":[{"role":"user"}]}})",
                "invalid_value", "session.input[0].content"}}) {
      CAPTURE(body);
      const auto response = sim.post("/v1/live/sessions/live_1/accept", body);
      CHECK(code_of(response) == "400 " + std::string{code});
      CHECK(param_of(response) == param);
    }
    CHECK(sim.leg->notes.empty());
    const auto accepted = sim.post("/v1/live/sessions/live_1/accept",
                                   R"({"session":{"type":"live","model":"gpt-live-1","audio":
                                       {"output":{"voice":{"id":"voice_1"}}},"delegation":null}})");
    CHECK(accepted.status == 200);
    CHECK(sim.leg->notes == std::vector<std::string>{"accept live gpt-live-1"});
  }

  TEST_CASE("an id means something on its own surface only") {
    ApiFixture sim;
    CHECK(code_of(sim.post("/v1/live/sessions/rtc_1/accept", "{}")) == "404 session_id_not_found");
    CHECK(code_of(sim.post("/v1/realtime/calls/live_1/accept", session)) ==
          "404 call_id_not_found");
    CHECK(sim.post("/v1/live/sessions/live_1/reject", R"({"status_code":486})").status == 200);
    CHECK(sim.leg->notes == std::vector<std::string>{"reject 486"});
    sim.calls.remove(sim.ids);
    CHECK(code_of(sim.post("/v1/realtime/calls/rtc_1/accept", session)) ==
          "409 decision_already_made");
  }

  TEST_CASE("ids are opaque and may be escaped") {
    ApiFixture sim;
    sim.calls.add({"rtc a/b", {}}, sim.leg);
    CHECK(sim.post("/v1/realtime/calls/rtc%20a%2Fb/accept", session).status == 200);
    CHECK(code_of(sim.post("/v1/realtime/calls/rtc_nobody/accept", session)) ==
          "404 call_id_not_found");
  }

  TEST_CASE("every other path is unknown, in JSON") {
    ApiFixture sim;
    for (const std::string path :
         {"/", "/v1", "/v1/realtime/calls", "/v1/realtime/calls/", "/v1/realtime/calls/rtc_1",
          "/v1/realtime/calls/rtc_1/dance", "/v1/realtime/calls//accept", "/v2/x"}) {
      CAPTURE(path);
      const auto response = sim.post(path, session);
      CHECK(code_of(response) == "404 unknown_url");
      CHECK(response.headers.get("content-type") == "application/json");
      const auto body = boost::json::parse(response.body);
      CHECK(json_string(body, "error.type") == "invalid_request_error");
      CHECK(json_at(body, "error.param")->is_null());
    }
  }

  TEST_CASE("a view of the calls is there for people, without a key on this machine only") {
    ApiFixture sim;
    net::HttpRequest request;
    request.method = "GET";
    request.target = "/_sim";
    CHECK(sim.api.handle(request).status == 401);
    struct Origin {
      std::string peer;
      std::string host;
      int status;
    };
    for (const auto& [peer, host, status] : {Origin{"192.0.2.7:4000", "127.0.0.1:8090", 401},
                                             Origin{"127.0.0.1:4000", "evil.example:8090", 401},
                                             Origin{"127.0.0.1:4000", "localhost:8090", 200}}) {
      net::HttpRequest near_by = request;
      near_by.peer = peer;
      near_by.headers.add("Host", host);
      CAPTURE(peer + host);
      CHECK(sim.api.handle(near_by).status == status);
    }
    request.headers.add("Authorization", "Bearer sk-sim");
    CHECK(sim.api.handle(request).body ==
          R"({"calls":[{"call_id":"rtc_1","session_id":"live_1","state":"pending","noted":0}]})");
  }

  TEST_CASE("the first request of each kind may meet 429 with retry-after, then 500") {
    ApiFixture sim{Quirk::rate_limit, Quirk::server_error};
    const std::string accept = "/v1/realtime/calls/rtc_1/accept";
    const auto limited = sim.post(accept, session);
    CHECK(code_of(limited) == "429 rate_limit_exceeded");
    CHECK(limited.headers.get("retry-after") == "1");
    const auto broken = sim.post(accept, session);
    CHECK(broken.status == 500);
    CHECK(json_string(boost::json::parse(broken.body), "error.type") == "server_error");
    CHECK(sim.leg->notes.empty());
    CHECK(sim.post(accept, session).status == 200);
    CHECK(sim.post("/v1/realtime/calls/rtc_1/hangup").status == 429);
    CHECK(sim.post("/v1/realtime/calls/rtc_1/hangup").status == 500);
    CHECK(sim.post("/v1/realtime/calls/rtc_1/hangup").status == 200);
  }

  TEST_CASE("the first accept may find nothing") {
    ApiFixture sim{Quirk::accept_not_found};
    CHECK(code_of(sim.post("/v1/realtime/calls/rtc_1/accept", session)) == "404 call_id_not_found");
    CHECK(sim.post("/v1/realtime/calls/rtc_1/accept", session).status == 200);
  }

  TEST_CASE("a call may be decided that nobody decided") {
    ApiFixture sim{Quirk::decision_made};
    for (int i = 0; i < 2; ++i) {
      CHECK(code_of(sim.post("/v1/realtime/calls/rtc_1/accept", session)) ==
            "409 decision_already_made");
      CHECK(code_of(sim.post("/v1/live/sessions/live_1/reject", R"({"status_code":486})")) ==
            "409 decision_already_made");
    }
    CHECK(sim.leg->notes.empty());
  }

  TEST_CASE("refer may always fail with 500") {
    ApiFixture sim{Quirk::refer_error};
    CHECK(sim.post("/v1/realtime/calls/rtc_1/accept", session).status == 200);
    sim.calls.set_answered(sim.ids);
    for (int i = 0; i < 2; ++i) {
      CHECK(sim.post("/v1/realtime/calls/rtc_1/refer", R"({"target_uri":"tel:+1"})").status == 500);
    }
    CHECK(sim.leg->notes.size() == 1);
    CHECK(sim.post("/v1/realtime/calls/rtc_1/hangup").status == 200);
  }

  TEST_CASE("outbound calls need the feature") {
    ApiFixture sim;
    CHECK(code_of(sim.post("/v1/live/sessions", "{}")) == "403 outbound_sip_not_enabled");
    std::string dialled;
    RestHooks hooks;
    hooks.dial = [&](OutboundRequest request) -> ApiResult<std::string> {
      dialled = request.trunk.target();
      return "live_9";
    };
    RestApi able{sim.calls, Secret{"sk-sim"}, Ids{0}, {.outbound = true}, std::move(hooks)};
    net::HttpRequest request;
    request.method = "POST";
    request.target = "/v1/live/sessions";
    request.headers.add("Authorization", "Bearer sk-sim");
    request.body = R"({"session":{"model":"gpt-live-1"},
        "transport":{"type":"sip","destination":"+14155550123","trunk":
        {"provider_url":"sips:trunk.example.com","caller_number":"+14155550100"}}})";
    const auto created = able.handle(request);
    CHECK(created.status == 200);
    CHECK(created.body == R"({"session":{"id":"live_9"},"transport":{"type":"sip"}})");
    CHECK(dialled == "sip:+14155550123@trunk.example.com:5061;transport=tls");
  }
}

TEST_SUITE("Client secrets") {
  TEST_CASE("come with the session that they stand for, and when they end") {
    ApiFixture fixture;
    const auto made = fixture.post("/v1/realtime/client_secrets",
                                   R"({"expires_after":{"anchor":"created_at","seconds":30},)"
                                   R"("session":{"type":"realtime","model":"m","audio":{"input":)"
                                   R"({"format":{"type":"audio/pcmu"}}}}})");
    REQUIRE(made.status == 200);
    const auto body = boost::json::parse(made.body);
    conformance::check_body(body, "client secret");
    CHECK(json_string(body, "value").starts_with("ek_"));
    CHECK(json_string(body, "session.object") == "realtime.session");
    CHECK(json_string(body, "session.id").starts_with("sess_"));
    CHECK(json_string(body, "session.model") == "m");
    CHECK(json_string(body, "session.audio.input.format.type") == "audio/pcmu");
    CHECK(json_string(body, "session.audio.output.format.type") == "audio/pcm");

    ApiFixture seeded;
    RestApi api{seeded.calls, Secret{"sk-sim"}, Ids{7}};
    net::HttpRequest request;
    request.method = "POST";
    request.target = "/v1/realtime/client_secrets";
    request.headers.add("Authorization", "Bearer sk-sim");
    CHECK(json_int(boost::json::parse(api.handle(request).body), "expires_at") ==
          2'000'000'000 + 600);
  }

  TEST_CASE("are refused for what no session can be, and without the key") {
    ApiFixture fixture;
    const std::string path = "/v1/realtime/client_secrets";
    for (const char* body :
         {R"({"expires_after":{"seconds":9}})", R"({"expires_after":{"seconds":7201}})",
          R"({"expires_after":{"anchor":"now"}})", R"({"expires_after":5})", R"({"colour":1})",
          R"({"session":{"type":"realtime","colour":1}})", R"({"session":7})", "["}) {
      CAPTURE(body);
      CHECK(fixture.post(path, body).status == 400);
    }
    CHECK(fixture.post(path, {}, "Bearer sk-other").status == 401);
  }
}

}  // namespace
}  // namespace offhook::sim
