#include "serve/call_desk.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "net/net_fixture.hpp"
#include "serve/fakes.hpp"

using namespace offhook;
using namespace offhook::serve;
using namespace offhook::serve::testing;
using namespace std::chrono_literals;
using Log = std::vector<std::string>;

namespace {

/// Names of the events that the feed holds, in order.
Log names(const World& world) {
  std::uint64_t after = 0;
  bool gap = false;
  Log found;
  for (const FeedEvent& event : world.feed.since(after, {}, gap)) {
    found.push_back(event.name);
  }
  return found;
}

boost::asio::awaitable<bool> drained(CallDesk& desk,
                                     std::chrono::milliseconds limit,
                                     CallDesk::DrainEnd end) {
  co_await desk.drain(limit, end);
  co_return true;
}

}  // namespace

TEST_SUITE("call desk") {
  TEST_CASE("runs one conversation for a call, and lists it until it is over and after") {
    World world;
    world.desk.on_webhook(realtime_event("rtc_1", "a@b"), "wh_1");
    world.desk.on_webhook(realtime_event("rtc_1", "a@b"), "wh_2");
    world.desk.on_webhook(live_event("live_1", "a@b"), "wh_3");
    world.settle();
    CHECK(world.log == Log{"rtc_1 run"});
    REQUIRE(world.desk.find("rtc_1") != nullptr);
    CHECK(world.desk.find("rtc_1")->state == CallState::accepting);
    world.conversations["rtc_1"]->receive(R"({"type":"session.created"})");
    world.conversations["rtc_1"]->said("model", "Hello.");
    CHECK(world.desk.find("rtc_1")->state == CallState::live);
    CHECK(world.desk.find("rtc_1")->last_line == "model: Hello.");
    CHECK(world.desk.live_calls() == 1);

    world.conversations["rtc_1"]->finish(agent::ConversationEnd::caller_gone, "BYE");
    world.settle();
    CHECK(world.desk.live_calls() == 0);
    CHECK(world.desk.conversation("rtc_1") == nullptr);
    REQUIRE(world.desk.find("rtc_1") != nullptr);
    CHECK(world.desk.find("rtc_1")->outcome == "caller_gone");
    CHECK(world.log == Log{"rtc_1 run"});
    CHECK(world.policy.over == Log{"rtc_1"});
    CHECK(world.metrics.calls.of("caller_gone") == 1);
    CHECK(world.metrics.webhooks.of("taken") == 1);
    CHECK(world.metrics.webhooks.of("duplicate") == 1);
    CHECK(world.metrics.webhooks.of("other_api") == 1);
    CHECK(world.metrics.accept_s.count() == 1);
    CHECK(names(world).back() == "ended");
  }

  TEST_CASE("a call that may be up although nobody looks after it is hung up") {
    World world;
    world.desk.on_webhook(realtime_event("rtc_1", "a@b"), "wh_1");
    world.settle();
    world.conversations["rtc_1"]->finish(agent::ConversationEnd::sideband_lost, "refused", true);
    world.settle();
    CHECK(world.log == Log{"rtc_1 run", "rtc_1 hang up"});
    CHECK(world.desk.find("rtc_1")->outcome == "sideband_lost");
  }

  TEST_CASE("rejects what routing and limits refuse, and counts decisions made elsewhere") {
    World world;
    world.policy.places = 0;
    world.desk.on_webhook(realtime_event("rtc_1", "a@b"), "wh_1");
    world.settle();
    CHECK(world.log == Log{"rtc_1 reject 486"});
    CHECK(world.metrics.calls.of("rejected") == 1);
    world.reject_answer = fail(Errc::refused, "reject: 409 decision_already_made: decided", 409);
    world.desk.on_webhook(realtime_event("rtc_2", "c@d"), "wh_2");
    world.settle();
    CHECK(world.metrics.calls.of("decision_already_made") == 1);
  }

  TEST_CASE("rejects a call that only the other API offers once the wait is over") {
    CallDeskOptions options;
    options.decider.other_api_wait = 20ms;
    World world{agent::Api::live, options};
    world.desk.on_webhook(realtime_event("rtc_1", "a@b"), "wh_1");
    CHECK(world.desk.held_offers() == 1);
    test::run_until(world.context, [&] { return !world.log.empty(); });
    CHECK(world.log == Log{"rtc_1 reject 480"});
    CHECK(world.desk.held_offers() == 0);
  }

  TEST_CASE("ignores tests and other events") {
    World world;
    world.desk.on_webhook(realtime_event(""), "wh_1");
    world.desk.on_webhook(openai::OtherWebhook{"evt", "response.completed"}, "wh_2");
    world.settle();
    CHECK(world.log.empty());
    CHECK(world.metrics.webhooks.of("test") == 1);
    CHECK(world.metrics.webhooks.of("other") == 1);
  }

  TEST_CASE("a conversation that throws ends its call and no other") {
    World world;
    world.desk.on_webhook(realtime_event("rtc_1", "a@b"), "wh_1");
    world.desk.on_webhook(realtime_event("rtc_2", "c@d"), "wh_2");
    world.settle();
    world.conversations["rtc_1"]->throws = true;
    world.conversations["rtc_1"]->finish(agent::ConversationEnd::caller_gone, {});
    world.settle();
    CHECK(world.desk.find("rtc_1")->reason == "internal error: broken");
    CHECK(world.metrics.errors.of("internal") == 1);
    CHECK(world.desk.live_calls() == 1);
  }

  TEST_CASE("goes on with the calls that the journal has, and knows their webhooks") {
    World world;
    for (const char* id : {"rtc_1", "rtc_2"}) {
      JournalCall call{offer(agent::Api::realtime, id, std::string{id} + "@b"),
                       "support",
                       "",
                       "",
                       "",
                       1'700'000'000};
      CHECK(test::run_on(world.context, world.journal.open_call(std::move(call))).value());
    }
    JournalCall strange{offer(agent::Api::realtime, "rtc_3"), "gone", "", "", "", 1};
    CHECK(test::run_on(world.context, world.journal.open_call(std::move(strange))).value());
    auto live = test::run_on(world.context, world.journal.take_over({})).value();
    CHECK(live.size() == 3);
    CHECK(test::run_on(world.context, world.desk.resume_calls(std::move(live))) == 2);
    world.settle();
    CHECK(world.log == Log{"rtc_1 resume", "rtc_2 resume", "rtc_3 hang up"});
    CHECK(world.desk.find("rtc_1")->resumed);
    CHECK(world.desk.find("rtc_1")->began == 1'700'000'000);
    CHECK(world.policy.earlier_uses.front().age > std::chrono::hours{24});
    world.desk.on_webhook(realtime_event("rtc_1", "rtc_1@b"), "wh_1");
    world.settle();
    CHECK(world.log.size() == 3);
  }

  TEST_CASE("a call whose accept is in doubt is accepted again, opened, and known") {
    World world;
    std::vector<JournalCall> calls(2);
    calls[0] = {offer(agent::Api::realtime, "rtc_1", "1@b"), "support", "", "", "", 1};
    calls[1] = {offer(agent::Api::realtime, "rtc_2", "2@b"), "gone", "", "", "", 1};
    for (JournalCall& call : calls) {
      call.accept_in_doubt = true;
    }
    CHECK(test::run_on(world.context, world.desk.resume_calls(std::move(calls))) == 1);
    world.settle();
    CHECK(world.log == Log{"rtc_1 run", "rtc_2 hang up"});
    CHECK(world.desk.find("rtc_1")->resumed);
    world.desk.on_webhook(realtime_event("rtc_1", "1@b"), "wh_1");
    world.settle();
    CHECK(world.log.size() == 2);
    const auto live = test::run_on(world.context, world.journal.take_over({})).value();
    REQUIRE(live.size() == 1);
    CHECK(live.front().offer.id == "rtc_1");
  }

  TEST_CASE("a call that somebody else has opened in the same journal is let go") {
    World world;
    JournalCall theirs{offer(agent::Api::realtime, "rtc_1"), "support", "", "", "", 1};
    CHECK(test::run_on(world.context, world.journal.open_call(std::move(theirs))).value());
    world.desk.on_webhook(realtime_event("rtc_1"), "wh_1");
    world.settle();
    CHECK(world.log == Log{"rtc_1 run", "rtc_1 release"});
    CHECK(world.desk.find("rtc_1")->outcome == "released");
  }

  TEST_CASE("a call that uses up a quota is told goodbye, once, for that reason") {
    World world;
    world.policy.tokens_left = 500;
    world.desk.on_webhook(realtime_event("rtc_1"), "wh_1");
    world.settle();
    world.conversations["rtc_1"]->deaf = true;
    world.conversations["rtc_1"]->used(499);
    CHECK(world.log == Log{"rtc_1 run"});
    world.conversations["rtc_1"]->used(500);
    world.conversations["rtc_1"]->used(600);
    const std::string goodbye = "rtc_1 goodbye " + agent::CallLimits{}.goodbye;
    CHECK(world.log == Log{"rtc_1 run", goodbye});
    world.conversations["rtc_1"]->deaf = false;
    world.conversations["rtc_1"]->finish(agent::ConversationEnd::hung_up, "limit reached");
    world.settle();
    CHECK(world.desk.find("rtc_1")->reason == "limit reached");
  }

  TEST_CASE("draining waits for calls to end and rejects new ones") {
    World world;
    world.desk.on_webhook(realtime_event("rtc_1", "a@b"), "wh_1");
    world.settle();
    bool over = false;
    boost::asio::co_spawn(world.context, drained(world.desk, 60s, CallDesk::DrainEnd::goodbye),
                          [&](const std::exception_ptr&, bool) { over = true; });
    world.settle();
    world.desk.on_webhook(realtime_event("rtc_2", "c@d"), "wh_2");
    world.settle();
    CHECK(world.log == Log{"rtc_1 run", "rtc_2 reject 503"});
    CHECK_FALSE(over);
    world.conversations["rtc_1"]->finish(agent::ConversationEnd::caller_gone, {});
    world.settle();
    CHECK(over);
  }

  TEST_CASE("draining says goodbye when time runs short, then hangs up") {
    World world;
    world.desk.on_webhook(realtime_event("rtc_1", "a@b"), "wh_1");
    world.desk.on_webhook(realtime_event("rtc_2", "c@d"), "wh_2");
    world.settle();
    world.conversations["rtc_2"]->deaf = true;
    CHECK(test::run_on(world.context, drained(world.desk, 40ms, CallDesk::DrainEnd::goodbye)));
    CHECK(world.desk.live_calls() == 0);
    CHECK(std::ranges::count_if(world.log, [](const std::string& line) {
            return line.find("goodbye") != std::string::npos;
          }) == 2);
    CHECK(world.log.back() == "rtc_2 hang_up drained");
  }

  TEST_CASE("handing over lets go of all calls at once and leaves them in the journal") {
    World world;
    world.desk.on_webhook(realtime_event("rtc_1", "a@b"), "wh_1");
    world.settle();
    CHECK(test::run_on(world.context, drained(world.desk, 60s, CallDesk::DrainEnd::hand_over)));
    CHECK(world.log == Log{"rtc_1 run", "rtc_1 release"});
    CHECK(test::run_on(world.context, world.journal.take_over({})).value().size() == 1);
  }
}
