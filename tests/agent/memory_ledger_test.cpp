#include "agent/tools/memory_ledger.hpp"

#include <doctest/doctest.h>

#include "tool_fixture.hpp"

using namespace offhook;
using namespace offhook::agent;
using namespace offhook::agent::testing;
using State = ToolLedger::State;

TEST_SUITE("memory ledger") {
  TEST_CASE("a function call is fresh once, then claimed, done and sent") {
    boost::asio::io_context context;
    MemoryLedger ledger;
    const auto claim = [&] { return run_on(context, ledger.claim(sample_call())).value(); };
    CHECK(claim().before == State::fresh);
    CHECK(claim().before == State::claimed);
    CHECK_FALSE(run_on(context, ledger.sent("rtc_1", "call_a")));
    CHECK(run_on(context, ledger.finish("rtc_1", "call_a", "17")));
    CHECK(claim().before == State::done);
    CHECK(claim().output == "17");
    CHECK(run_on(context, ledger.finish("rtc_1", "call_a", "another")));
    CHECK(claim().output == "17");
    CHECK(run_on(context, ledger.sent("rtc_1", "call_a")));
    CHECK(claim().before == State::sent);
    CHECK(claim().output == "17");
  }

  TEST_CASE("the same function call of another phone call is another one") {
    boost::asio::io_context context;
    MemoryLedger ledger;
    CHECK(run_on(context, ledger.claim(sample_call())).value().before == State::fresh);
    ToolCall other = sample_call();
    other.call_id = "rtc_2";
    CHECK(run_on(context, ledger.claim(other)).value().before == State::fresh);
    ledger.forget("rtc_1");
    CHECK(run_on(context, ledger.claim(sample_call())).value().before == State::fresh);
    CHECK(run_on(context, ledger.claim(other)).value().before == State::claimed);
  }

  TEST_CASE("nothing is finished or sent that was not claimed") {
    boost::asio::io_context context;
    MemoryLedger ledger;
    CHECK(run_on(context, ledger.finish("rtc_1", "x", "")).error().code == Errc::not_found);
    CHECK(run_on(context, ledger.sent("rtc_1", "x")).error().code == Errc::not_found);
  }
}
