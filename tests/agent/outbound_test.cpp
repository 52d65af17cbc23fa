#include "agent/outbound.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "agent/dialogue/dialogue.hpp"
#include "agent_file_fixture.hpp"
#include "base/json.hpp"

namespace offhook::agent {
namespace {

using namespace std::chrono_literals;
using testing::parse;
using testing::problems_of;

AgentProfile caller() {
  AgentProfile profile;
  profile.api = Api::live;
  profile.model = "gpt-live-1";
  profile.instructions = "Be brief.";
  profile.opening = "Say hello.";
  return profile;
}

/// A placed call's dialogue, and what it wanted done.
struct Placed {
  explicit Placed(AgentProfile agent = caller()) : profile{std::move(agent)} {
    DialogueOptions options{.call_id = "live_1"};
    options.placed = true;
    dialogue = make_live_dialogue(profile, std::move(options));
    dialogue->begin(moment, false);
    dialogue->on_attached(false, moment);
    dialogue->greet(moment);
    take();
  }

  void hear(std::string_view text) {
    dialogue->on_event(openai::parse_sideband_event(text).value(), moment);
    take();
  }
  void take() {
    for (Effect& effect : dialogue->take_effects()) {
      effects.push_back(std::move(effect));
    }
  }
  [[nodiscard]] std::size_t appended() const {
    return static_cast<std::size_t>(std::ranges::count_if(effects, [](const Effect& effect) {
      const auto* event = std::get_if<SendEvent>(&effect);
      return event != nullptr && event->text.find("Say hello.") != std::string::npos;
    }));
  }
  [[nodiscard]] std::size_t noted(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::count_if(effects, [&](const Effect& effect) {
      const auto* note = std::get_if<Note>(&effect);
      return note != nullptr && note->name == name;
    }));
  }
  [[nodiscard]] const CallOver* over() const {
    for (const Effect& effect : effects) {
      if (const auto* found = std::get_if<CallOver>(&effect)) {
        return found;
      }
    }
    return nullptr;
  }

  AgentProfile profile;
  Moment moment{std::chrono::steady_clock::time_point{} + 1h, 0};
  std::unique_ptr<Dialogue> dialogue;
  std::vector<Effect> effects;
};

TEST_SUITE("Outbound call") {
  TEST_CASE("its body is the session without a type, and the trunk") {
    const Trunk trunk{"sips:sip.example.com", "shop", Secret{"pw"}, "+14155550100"};
    const auto body = outbound_body(caller(), trunk, "+14155550123");
    CHECK(boost::json::value(body) == boost::json::parse(R"(
      {"session": {"model": "gpt-live-1", "instructions": "Be brief.",
                   "delegation": {"type": "client"}},
       "transport": {"type": "sip", "destination": "+14155550123",
                     "trunk": {"provider_url": "sips:sip.example.com",
                               "auth": {"type": "digest", "username": "shop", "password": "pw"},
                               "caller_number": "+14155550100"}}})"));
  }

  TEST_CASE("without a username it has no auth") {
    const auto body = outbound_body(caller(), {"sips:a.example", "", {}, "+1415"}, "+1416");
    CHECK(json_at(boost::json::value(body), "transport.trunk.auth") == nullptr);
  }

  TEST_CASE("numbers are E.164 and nothing else") {
    CHECK(check_number("+14155550123").empty());
    CHECK(check_number("+123456789012345").empty());
    for (const char* wrong : {"", "+", "+1", "14155550123", "+04155550123", "+1 4155550123",
                              "+1234567890123456", "+1415x", "tel:+14155550123"}) {
      CHECK_FALSE(check_number(wrong).empty());
    }
  }

  TEST_CASE("a trunk is a sips host, and no more than the API takes") {
    for (const char* right : {"sips:sip.example.com", "sips:sip.example.com:5071",
                              "sips:sip.example.com:5061;transport=tcp", "sips:192.0.2.1"}) {
      CHECK(check_trunk_url(right).empty());
    }
    for (const char* wrong :
         {"", "sips:", "sip:sip.example.com", "sips:me@sip.example.com", "sips:a.example/x",
          "sips:a.example;transport=tls", "sips:a.example?x=1", "sips:a b", "sips:a.example:99999",
          "https://a.example"}) {
      CHECK_FALSE(check_trunk_url(wrong).empty());
    }
  }

  TEST_CASE("the opening waits for the answer, and is said once") {
    Placed call;
    CHECK(call.appended() == 0);
    call.hear(R"({"type":"transport.ringing","event_id":"e1"})");
    CHECK(call.appended() == 0);
    call.hear(R"({"type":"transport.answered","event_id":"e2"})");
    CHECK(call.appended() == 1);
    call.hear(R"({"type":"transport.answered","event_id":"e2"})");
    CHECK(call.appended() == 1);
    CHECK(call.noted("answered") == 1);
  }

  TEST_CASE("an answer that fell into a gap is told by the callee's voice") {
    Placed call;
    call.dialogue->on_detached(call.moment);
    call.dialogue->on_attached(true, call.moment);
    call.hear(R"({"type":"session.input_transcript.delta","event_id":"e3","delta":"Hello?",)"
              R"("start_ms":0,"end_ms":100})");
    CHECK(call.appended() == 1);
    CHECK(call.noted("answered") == 1);
  }

  TEST_CASE("its limit counts from the answer") {
    AgentProfile profile = caller();
    profile.limits.seconds = 60s;
    Placed call{profile};
    CHECK_FALSE(call.dialogue->deadline());
    call.moment.now += 90s;
    call.hear(R"({"type":"transport.answered","event_id":"e2"})");
    REQUIRE(call.dialogue->deadline());
    CHECK(*call.dialogue->deadline() > call.moment.now);
  }

  TEST_CASE("a failure ends it as not reached, with the carrier's words") {
    Placed call;
    call.hear(R"({"type":"transport.failed","event_id":"e4","error":{"type":"call_error",)"
              R"("code":"provider_invite_failed","message":"486 Busy Here"}})");
    REQUIRE(call.over() != nullptr);
    CHECK(call.over()->not_reached);
    CHECK(call.over()->reason == "provider_invite_failed: 486 Busy Here");
  }

  TEST_CASE("events that are told again after a drop count once") {
    Placed call;
    const std::string_view said =
        R"({"type":"session.output_transcript.delta","event_id":"e5","delta":"Hi. ",)"
        R"("start_ms":0,"end_ms":100})";
    call.hear(said);
    call.dialogue->on_detached(call.moment);
    call.dialogue->on_attached(true, call.moment);
    call.hear(said);
    call.dialogue->on_detached(call.moment);  // a line that is still spoken ends here
    CHECK(call.dialogue->transcript().lines().size() == 1);
  }
}

TEST_SUITE("Trunk of an agent file") {
  const std::string agents = "agents: {a: {api: live, model: gpt-live-1}}\n";

  TEST_CASE("is read, and with it no webhook is needed") {
    const auto file = parse(
        "provider: {api_key: sk-x}\ntrunk: {provider_url: 'sips:sip.example.com', username: shop, "
        "password: '${KEY}', caller_number: '+14155550100'}\n" +
        agents);
    REQUIRE(problems_of(file).empty());
    CHECK(file->trunk.provider_url == "sips:sip.example.com");
    CHECK(file->trunk.username == "shop");
    CHECK(file->trunk.password.reveal() == testing::key_text);
    CHECK(file->trunk.caller_number == "+14155550100");
    CHECK(file->webhook.secrets.empty());
  }

  TEST_CASE("without it the webhook is missed") {
    CHECK(problems_of(parse("provider: {api_key: sk-x}\n" + agents)).find("webhook is missing") !=
          std::string::npos);
  }

  TEST_CASE("is refused by line and field, without the password") {
    const auto file =
        parse(std::string{testing::preamble} +
              "trunk: {provider_url: 'sip:x', password: hush, caller_number: '12'}\n" + agents);
    const std::string problems = problems_of(file);
    CHECK(problems.find("trunk.provider_url") != std::string::npos);
    CHECK(problems.find("trunk.caller_number") != std::string::npos);
    CHECK(problems.find("username and password belong together") != std::string::npos);
    CHECK(problems.find("hush") == std::string::npos);
  }
}

}  // namespace
}  // namespace offhook::agent
