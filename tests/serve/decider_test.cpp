#include "serve/decider.hpp"

#include <doctest/doctest.h>

#include "serve/fakes.hpp"

using namespace offhook::serve;
using namespace offhook::serve::testing;
using namespace std::chrono_literals;
using offhook::agent::Api;

namespace {

constexpr std::int64_t unix_now = 1'795'305'600;
const Decider::TimePoint start{};

struct Desk {
  explicit Desk(Api api = Api::realtime) : policy{api} {}
  Action on(Offer offer, Decider::TimePoint at = start) {
    last = decider.on_offer(std::move(offer), policy, at, unix_now);
    return last.action;
  }
  FakePolicy policy;
  Decider decider;
  Decision last;
};

}  // namespace

TEST_SUITE("decider") {
  TEST_CASE("takes a call once, however often it is offered") {
    Desk desk;
    CHECK(desk.on(offer(Api::realtime, "rtc_1", "a@b")) == Action::take);
    CHECK(desk.last.agent->name == "support");
    CHECK(desk.on(offer(Api::realtime, "rtc_1", "a@b")) == Action::duplicate);
    CHECK(desk.on(offer(Api::realtime, "rtc_1")) == Action::duplicate);
    CHECK(desk.on(offer(Api::realtime, "rtc_2", "a@b")) == Action::duplicate);
    CHECK(desk.on(offer(Api::realtime, "rtc_2", "c@d")) == Action::take);
  }

  TEST_CASE("the same call offered to the other API is left alone") {
    Desk desk;
    CHECK(desk.on(offer(Api::realtime, "rtc_1", "a@b")) == Action::take);
    CHECK(desk.on(offer(Api::live, "live_1", "a@b")) == Action::other_api);
    CHECK_FALSE(desk.decider.next_deadline());
  }

  TEST_CASE("an offer to the other API that comes first waits for the right one") {
    Desk desk{Api::live};
    CHECK(desk.on(offer(Api::realtime, "rtc_1", "a@b")) == Action::hold);
    CHECK(desk.on(offer(Api::realtime, "rtc_1", "a@b")) == Action::duplicate);
    CHECK(desk.decider.next_deadline() == start + 2s);
    CHECK(desk.on(offer(Api::live, "live_1", "a@b"), start + 1s) == Action::take);
    CHECK_FALSE(desk.decider.next_deadline());
    CHECK(desk.decider.on_time(start + 3s).empty());
  }

  TEST_CASE("a call that only the other API offers is rejected, with what to do about it") {
    Desk desk{Api::live};
    CHECK(desk.on(offer(Api::realtime, "rtc_1", "a@b")) == Action::hold);
    CHECK(desk.decider.on_time(start + 1'999ms).empty());
    const auto due = desk.decider.on_time(start + 2s);
    REQUIRE(due.size() == 1);
    CHECK(due[0].action == Action::reject);
    CHECK(due[0].sip_status == 480);
    CHECK(due[0].offer.id == "rtc_1");
    CHECK(due[0].why.find("subscribe the webhook to live.transport.incoming") != std::string::npos);
    CHECK(desk.on(offer(Api::live, "live_1", "a@b"), start + 3s) == Action::other_api);
  }

  TEST_CASE("offers of calls that are long gone are dropped, by when the call was made") {
    Desk desk;
    Offer old = offer(Api::realtime, "rtc_1", "a@b");
    old.created_at = unix_now - 301;
    CHECK(desk.on(old) == Action::stale);
    old.created_at = unix_now - 300;
    CHECK(desk.on(old) == Action::take);
    Offer ahead = offer(Api::realtime, "rtc_2", "c@d");
    ahead.created_at = unix_now + 4'000;
    CHECK(desk.on(ahead) == Action::take);
  }

  TEST_CASE("a delivery without a call id is a test") {
    Desk desk;
    CHECK(desk.on(offer(Api::realtime, "")) == Action::test);
    CHECK(desk.on(offer(Api::realtime, "")) == Action::test);
  }

  TEST_CASE("routing and limits reject with their own status, once") {
    Desk desk;
    desk.policy.places = 0;
    CHECK(desk.on(offer(Api::realtime, "rtc_1", "a@b")) == Action::reject);
    CHECK(desk.last.sip_status == 486);
    CHECK(desk.on(offer(Api::realtime, "rtc_1", "a@b")) == Action::duplicate);
    desk.policy.places = 1;
    desk.policy.agent = nullptr;
    CHECK(desk.on(offer(Api::realtime, "rtc_2", "c@d")) == Action::reject);
    CHECK(desk.last.sip_status == 603);
    CHECK(desk.last.why == "no rule fits");
    CHECK(desk.policy.places == 1);
  }

  TEST_CASE("while draining every new call is rejected, held ones among them") {
    Desk desk{Api::live};
    CHECK(desk.on(offer(Api::realtime, "rtc_1", "a@b")) == Action::hold);
    desk.decider.drain();
    CHECK(desk.on(offer(Api::live, "live_1", "a@b")) == Action::reject);
    CHECK(desk.last.sip_status == 503);
    CHECK(desk.decider.held() == 0);
  }

  TEST_CASE("calls of an earlier process are known") {
    Desk desk;
    desk.decider.know("rtc_1", "a@b", start);
    CHECK(desk.on(offer(Api::realtime, "rtc_1", "a@b")) == Action::duplicate);
    CHECK(desk.on(offer(Api::realtime, "rtc_9", "a@b")) == Action::duplicate);
  }

  TEST_CASE("what is remembered has an end, by time and by number") {
    FakePolicy policy;
    Decider decider{{.remember = 10s, .remember_at_most = 4}};
    const auto on = [&](const char* id, Decider::TimePoint at) {
      return decider.on_offer(offer(Api::realtime, id), policy, at, unix_now).action;
    };
    CHECK(on("rtc_1", start) == Action::take);
    CHECK(on("rtc_1", start + 10s) == Action::duplicate);
    CHECK(on("rtc_1", start + 11s) == Action::take);
    for (const char* id : {"a", "b", "c", "d", "e"}) {
      CHECK(on(id, start + 12s) == Action::take);
    }
    CHECK(on("e", start + 12s) == Action::duplicate);
    CHECK(on("rtc_1", start + 12s) == Action::take);
  }
}
