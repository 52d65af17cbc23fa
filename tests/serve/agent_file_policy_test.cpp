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
    CHECK(desk.policy.resume(call("rtc_1", "+15550100"), "support", {}));
    CHECK(desk.policy.resume(call("rtc_2", "+15550100"), "sales", {}));
    CHECK_FALSE(desk.policy.resume(call("rtc_3", "+15550100"), "gone", {}));
    CHECK(desk.choose(call("rtc_4", "+15550100")) == "486");
  }

  TEST_CASE("running calls count their tokens, and use up a quota between them") {
    auto file = file_of_two();
    file->limits.caller_day.tokens = 1'000;
    Policy desk{file};
    const Offer first = call("rtc_1", "+15550100");
    const Offer second = call("rtc_2", "+15550100");
    CHECK(desk.policy.admit(first, desk.policy.route(first).agent).agent->limits.tokens == 1'000);
    CHECK(desk.policy.used("rtc_1", 400).empty());
    CHECK(desk.policy.admit(second, desk.policy.route(second).agent).agent->limits.tokens == 600);
    CHECK(desk.policy.used("rtc_1", 700).empty());
    CHECK(desk.policy.used("rtc_2", 300) == "limit reached: 1000 tokens of one caller in 24 hours");
    CHECK(desk.choose(call("rtc_3", "+15550100")) == "486");
    CHECK(desk.choose(call("rtc_4", "+15550100", "+4940")) == "support");
    desk.policy.ended("rtc_1", 10s, 700);
    desk.policy.ended("rtc_2", 10s, 300);
    CHECK(desk.choose(call("rtc_5", "+15550100")) == "486");
    CHECK(desk.policy.used("rtc_2", 300).empty());
  }

  TEST_CASE("a restart lifts no quota: resumed calls bring what they have used, and keep to it") {
    auto file = file_of_two();
    file->limits.day.seconds = 100;
    file->limits.day.tokens = 1'000;
    file->agents["support"].limits.goodbye_time = 5s;
    Policy desk{file};
    desk.policy.add_past("+4940", {.calls = 1, .seconds = 30, .tokens = 200});
    const auto one = desk.policy.resume(call("rtc_1", "+15550100"), "support",
                                        {.age = 20s, .tokens = 500, .placed = false});
    CHECK(one->limits.seconds == 70s);
    CHECK(one->limits.tokens == 800);
    const auto two = desk.policy.resume(call("rtc_2", "+15550100"), "support",
                                        {.age = 60s, .tokens = 400, .placed = false});
    CHECK(two->limits.seconds == 65s);  // nothing is left but the goodbye
    CHECK(two->limits.tokens == 300);
    CHECK(desk.policy.used("rtc_1", 500) == "limit reached: 100 s of all callers in 24 hours");
    CHECK(desk.choose(call("rtc_3", "+15550100")) == "486");
  }

  TEST_CASE("calls of our own that are resumed count in no quota") {
    auto file = file_of_two();
    file->limits.day.calls = 1;
    file->limits.day.tokens = 100;
    Policy desk{file};
    const auto ours = desk.policy.resume(call("live_1", "+15550100"), "support",
                                         {.age = 900s, .tokens = 500, .placed = true});
    CHECK(ours->limits.seconds == 600s);
    CHECK(ours->limits.tokens == 0);
    CHECK(desk.policy.used("live_1", 900).empty());
    desk.policy.ended("live_1", 900s, 900);
    CHECK(desk.choose(call("rtc_1", "+15550100")) == "support");
  }
}
