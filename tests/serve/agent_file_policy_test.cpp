#include "serve/agent_file_policy.hpp"

#include <doctest/doctest.h>

#include "serve/fakes.hpp"

using namespace offhook;
using namespace offhook::serve;
using namespace offhook::serve::testing;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<agent::AgentFile> file_of_two() {
  auto file = std::make_shared<agent::AgentFile>();
  file->agents["support"].name = "support";
  file->agents["support"].limits.seconds = 600s;
  file->agents["sales"].name = "sales";
  file->routing = {{{"+1555*"}, {}, {}, "support", 0},
                   {{"+1666*"}, {}, {}, {}, 404},
                   {{"+1777*"}, {}, {}, "sales", 0}};
  return file;
}

Offer call(std::string id, const std::string& called, const std::string& caller = "+49301") {
  Offer made = offer(agent::Api::realtime, std::move(id));
  made.sip_headers = {{"From", "<sip:" + caller + "@example.com>"},
                      {"To", "<sip:" + called + "@example.com>"}};
  return made;
}

struct Policy {
  explicit Policy(std::shared_ptr<agent::AgentFile> given)
      : file{std::move(given)}, policy{file, [this] { return now; }} {}
  /// "support", or "486 why".
  std::string choose(const Offer& offer) {
    Choice choice = policy.route(offer);
    if (choice.agent) {
      choice = policy.admit(offer, choice.agent);
    }
    return choice.agent ? choice.agent->name : std::to_string(choice.refusal.sip_status);
  }
  std::int64_t now = 1'000;
  std::shared_ptr<agent::AgentFile> file;
  AgentFilePolicy policy;
};

}  // namespace

TEST_SUITE("agent file policy") {
  TEST_CASE("routes by the file's rules") {
    Policy desk{file_of_two()};
    CHECK(desk.choose(call("rtc_1", "+15550100")) == "support");
    CHECK(desk.choose(call("rtc_2", "+16660100")) == "404");
    CHECK(desk.choose(call("rtc_3", "+17770100")) == "sales");
    CHECK(desk.choose(call("rtc_4", "+18880100")) == "603");
    CHECK(desk.policy.parties(call("rtc_1", "+15550100")).called == "+15550100");
  }

  TEST_CASE("concurrent calls are counted until they end") {
    auto file = file_of_two();
    file->limits.concurrent_calls = 1;
    Policy desk{file};
    CHECK(desk.choose(call("rtc_1", "+15550100")) == "support");
    CHECK(desk.choose(call("rtc_2", "+15550100")) == "486");
    desk.policy.ended("rtc_1", 10s, 0);
    CHECK(desk.choose(call("rtc_3", "+15550100")) == "support");
  }

  TEST_CASE("a caller's day counts ended and running calls, and ends after 24 hours") {
    auto file = file_of_two();
    file->limits.caller_day.calls = 2;
    Policy desk{file};
    CHECK(desk.choose(call("rtc_1", "+15550100")) == "support");
    desk.policy.ended("rtc_1", 10s, 100);
    CHECK(desk.choose(call("rtc_2", "+15550100")) == "support");
    CHECK(desk.choose(call("rtc_3", "+15550100")) == "486");
    CHECK(desk.choose(call("rtc_4", "+15550100", "+4940")) == "support");
    desk.policy.ended("rtc_2", 10s, 100);
    desk.now += 24 * 60 * 60;
    CHECK(desk.choose(call("rtc_5", "+15550100")) == "support");
  }

  TEST_CASE("what an earlier process used counts") {
    auto file = file_of_two();
    file->limits.caller_day.tokens = 1'000;
    Policy desk{file};
    desk.policy.add_past("+49301", {.calls = 3, .seconds = 60, .tokens = 1'000});
    CHECK(desk.choose(call("rtc_1", "+15550100")) == "486");
    CHECK(desk.choose(call("rtc_2", "+15550100", "+4940")) == "support");
  }

  TEST_CASE("a call's own limits are narrowed to what is left of the day") {
    auto file = file_of_two();
    file->limits.day.seconds = 100;
    Policy desk{file};
    desk.policy.add_past("", {.calls = 1, .seconds = 70, .tokens = 0});
    const Offer offer = call("rtc_1", "+15550100");
    const Choice admitted = desk.policy.admit(offer, desk.policy.route(offer).agent);
    REQUIRE(admitted.agent);
    CHECK(admitted.agent->limits.seconds == 30s);
  }

  TEST_CASE("another file holds for new calls, and keeps the old one alive for those that use it") {
    Policy desk{file_of_two()};
    const auto before = desk.policy.route(call("rtc_1", "+15550100")).agent;
    auto other = file_of_two();
    other->agents["support"].model = "newer";
    desk.policy.replace(other);
    desk.file.reset();
    CHECK(before->model.empty());
    CHECK(desk.policy.route(call("rtc_2", "+15550100")).agent->model == "newer");
  }

  TEST_CASE("resumed calls take their place whatever the limits") {
    auto file = file_of_two();
    file->limits.concurrent_calls = 1;
    Policy desk{file};
    CHECK(desk.policy.resume(call("rtc_1", "+15550100"), "support"));
    CHECK(desk.policy.resume(call("rtc_2", "+15550100"), "sales"));
    CHECK_FALSE(desk.policy.resume(call("rtc_3", "+15550100"), "gone"));
    CHECK(desk.choose(call("rtc_4", "+15550100")) == "486");
  }
}
