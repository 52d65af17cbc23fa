#include "store/journal.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "journal_fixture.hpp"
#include "store/journal_reader.hpp"
#include "store/schema.hpp"

namespace offhook::store {
namespace {

TEST_SUITE("journal") {
  TEST_CASE("a call is taken once by id, by webhook id and, while it lives, by SIP Call-ID") {
    const TemporaryFolder folder;
    const auto journal = open_journal(folder.file());
    CHECK(run(journal->open_call(call_named("rtc_1")))->fresh);

    const auto again = run(journal->open_call(call_named("rtc_1")));
    CHECK_FALSE(again->fresh);
    CHECK(again->call_id == "rtc_1");

    NewCall same_webhook = call_named("rtc_2");
    same_webhook.webhook_id = "wh_rtc_1";
    CHECK_FALSE(run(journal->open_call(same_webhook))->fresh);

    NewCall other_api = call_named("live_1");
    other_api.api = "live";
    other_api.sip_call_id = "rtc_1@carrier";
    const auto duplicate = run(journal->open_call(other_api));
    CHECK_FALSE(duplicate->fresh);
    CHECK(duplicate->call_id == "rtc_1");

    REQUIRE(run(journal->end_call({.call_id = "rtc_1", .outcome = "caller_gone"})));
    CHECK(run(journal->open_call(other_api))->fresh);
    NewCall late = call_named("rtc_3");
    late.webhook_id = "wh_rtc_1";
    CHECK_FALSE(run(journal->open_call(late))->fresh);
  }

  TEST_CASE("calls without webhook id, SIP Call-ID and caller are no duplicates of each other") {
    const TemporaryFolder folder;
    const auto journal = open_journal(folder.file());
    CHECK(run(journal->open_call({.call_id = "a"}))->fresh);
    CHECK(run(journal->open_call({.call_id = "b"}))->fresh);
  }

  TEST_CASE("a hundred deliveries at once of one webhook have one winner") {
    const TemporaryFolder folder;
    const auto journal = open_journal(folder.file());
    std::vector<boost::asio::awaitable<Result<OpenedCall>>> deliveries;
    for (int i = 0; i < 100; ++i) {
      deliveries.push_back(journal->open_call(call_named("rtc_1")));
    }
    int fresh = 0;
    for (const auto& opened : run_all(std::move(deliveries))) {
      REQUIRE(opened);
      fresh += opened->fresh ? 1 : 0;
    }
    CHECK(fresh == 1);
  }

  TEST_CASE("a function call goes from claimed to done to sent, and keeps its first output") {
    const TemporaryFolder folder;
    const auto journal = open_journal(folder.file());
    REQUIRE(run(journal->open_call(call_named("c"))));
    CHECK(run(journal->claim_tool(tool_named("c", "f")))->before == ToolState::fresh);

    const auto second = run(journal->claim_tool(tool_named("c", "f")));
    CHECK(second->before == ToolState::claimed);
    CHECK(second->running);
    CHECK(run(journal->tool_sent("c", "f")).error().code == Errc::not_found);

    REQUIRE(run(journal->finish_tool("c", "f", "booked")));
    REQUIRE(run(journal->finish_tool("c", "f", "something else")));
    const auto done = run(journal->claim_tool(tool_named("c", "f")));
    CHECK(done->before == ToolState::done);
    CHECK(done->output == "booked");

    REQUIRE(run(journal->tool_sent("c", "f")));
    REQUIRE(run(journal->finish_tool("c", "f", "late")));
    const auto sent = run(journal->claim_tool(tool_named("c", "f")));
    CHECK(sent->before == ToolState::sent);
    CHECK(sent->output == "booked");
  }

  TEST_CASE("nothing is done for calls and function calls that are not there") {
    const TemporaryFolder folder;
    const auto journal = open_journal(folder.file());
    CHECK(run(journal->end_call({.call_id = "x"})).error().code == Errc::not_found);
    CHECK(run(journal->claim_tool(tool_named("x", "f"))).error().code == Errc::not_found);
    CHECK(run(journal->finish_tool("x", "f", "")).error().code == Errc::not_found);
    journal->append_transcript("x", {.who = "caller", .text = "hello"});
    REQUIRE(run(journal->flush()));
    CHECK(journal->health().ok);
    CHECK(journal->health().failed_writes == 4);
  }

  TEST_CASE("a restart finds live calls, and lets one caller at a time take what is in doubt") {
    const TemporaryFolder folder;
    {
      const auto journal = open_journal(folder.file());
      REQUIRE(run(journal->open_call(call_named("live"))));
      REQUIRE(run(journal->open_call(call_named("over"))));
      REQUIRE(run(journal->end_call({.call_id = "over"})));
      for (const char* tool : {"claimed", "done", "sent"}) {
        REQUIRE(run(journal->claim_tool(tool_named("live", tool))));
      }
      REQUIRE(run(journal->finish_tool("live", "done", "42")));
      REQUIRE(run(journal->finish_tool("live", "sent", "43")));
      REQUIRE(run(journal->tool_sent("live", "sent")));
    }
    const auto journal = open_journal(folder.file());
    const auto calls = run(journal->live_calls());
    REQUIRE(calls->size() == 1);
    const LiveCall& live = calls->front();
    CHECK(live.call.info.detail == R"({"from":"carrier"})");
    REQUIRE(live.unfinished.size() == 2);
    CHECK(live.unfinished[0].state == ToolState::claimed);
    CHECK(live.unfinished[0].policy == "report");
    CHECK(live.unfinished[1].output == "42");

    const auto first = run(journal->claim_tool(tool_named("live", "claimed")));
    CHECK(first->before == ToolState::claimed);
    CHECK_FALSE(first->running);
    CHECK(first->attempt == 2);
    CHECK(run(journal->claim_tool(tool_named("live", "claimed")))->running);
  }

  TEST_CASE("a story is in the order of things, also across a restart and a set clock") {
    const TemporaryFolder folder;
    std::int64_t now_ms = 2'000'000'000'000;
    JournalOptions options;
    options.now_ms = [&now_ms] { return now_ms; };
    {
      const auto journal = open_journal(folder.file(), options);
      REQUIRE(run(journal->open_call(call_named("c"))));
      journal->append_transcript("c", {.who = "model", .text = "second", .at_ms = 900});
      journal->append_transcript("c", {.who = "caller", .text = "first", .at_ms = 100});
      journal->append_event("c", {.at_ms = 5'000, .direction = "received", .type = "a"});
    }
    now_ms -= 400LL * 24 * 3600 * 1000;
    const auto journal = open_journal(folder.file(), options);
    journal->append_event("c", {.at_ms = 10, .direction = "sent", .type = "b", .json = "{}"});
    journal->append_mark("c", {.at_ms = 11, .source = "sideband", .name = "attached.again"});
    journal->append_transcript("c", {.who = "caller", .text = "third", .at_ms = 20});
    journal->append_transcript("c", {.who = "gap", .text = "fourth", .at_ms = 30, .gap_ms = 812.5});
    REQUIRE(run(journal->flush()));

    const auto story = run(journal->call("c"));
    REQUIRE(story->transcript.size() == 4);
    CHECK(story->transcript[0].text == "first");
    CHECK(story->transcript[1].text == "second");
    CHECK(story->transcript[2].text == "third");
    CHECK_FALSE(story->transcript[2].gap_ms);
    CHECK(story->transcript[3].who == "gap");
    CHECK(story->transcript[3].gap_ms == 812.5);
    REQUIRE(story->events.size() == 3);
    CHECK(story->events[0].type == "a");
    CHECK(story->events[1].type == "b");
    CHECK(story->events[2].type == "sideband.attached.again");
    CHECK(story->events[2].run == story->events[0].run + 1);
  }

  TEST_CASE("lists are filtered; usage is summed, per caller over ended calls") {
    const TemporaryFolder folder;
    std::int64_t now_ms = 1'000'000;
    JournalOptions options;
    options.now_ms = [&now_ms] { return now_ms; };
    const auto journal = open_journal(folder.file(), options);
    REQUIRE(run(journal->open_call(call_named("old"))));
    now_ms += 1'000'000;
    NewCall other = call_named("new");
    other.caller = "+1555";
    REQUIRE(run(journal->open_call(other)));
    const Usage usage{.input_text_tokens = 10, .output_audio_tokens = 5, .seconds = 30};
    REQUIRE(run(journal->end_call(
        {.call_id = "old", .outcome = "hung_up", .reason = "done", .usage = usage, .cost = 0.25})));
    journal->update_usage("new", {.input_audio_tokens = 100, .seconds = 7}, std::nullopt);
    REQUIRE(run(journal->flush()));

    CHECK(run(journal->calls({}))->size() == 2);
    CHECK(run(journal->calls({.limit = 1}))->front().info.call_id == "new");
    CHECK(run(journal->calls({.live_only = true}))->size() == 1);
    CHECK(run(journal->calls({.since_ms = 1'500'000}))->size() == 1);
    CHECK(run(journal->calls({.agent = "nobody"}))->empty());
    const auto ended = run(journal->calls({.caller = "+4930123"}));
    REQUIRE(ended->size() == 1);
    CHECK(ended->front().usage.tokens() == 15);
    CHECK(ended->front().cost == 0.25);
    CHECK_FALSE(ended->front().live);

    const auto all = run(journal->usage_since(0, std::nullopt));
    CHECK(all->calls == 2);
    CHECK(all->tokens == 115);
    CHECK(all->seconds == 37);
    CHECK(all->cost == 0.25);
    CHECK(run(journal->usage_since(0, "+1555"))->tokens == 100);
    CHECK(run(journal->usage_since(3'000'000, std::nullopt))->calls == 0);
    CHECK(run(journal->usage_by_caller(0))->size() == 1);
  }

  TEST_CASE("a call is found by the beginning of its id unless several begin so") {
    const TemporaryFolder folder;
    const auto journal = open_journal(folder.file());
    for (const char* id : {"rtc_a", "rtc_ab", "rtc_b_"}) {
      REQUIRE(run(journal->open_call(call_named(id))));
    }
    CHECK(run(journal->call("rtc_a"))->call.info.call_id == "rtc_a");
    CHECK(run(journal->call("rtc_b"))->call.info.call_id == "rtc_b_");
    CHECK_FALSE(run(journal->call("rtc_")));
    CHECK_FALSE(run(journal->call("rtc%")));
    CHECK_FALSE(run(journal->call("")));
  }

  TEST_CASE("a message that is too long keeps its type and length") {
    const TemporaryFolder folder;
    const auto journal = open_journal(folder.file());
    REQUIRE(run(journal->open_call(call_named("c"))));
    const std::string json(300'000, 'x');
    journal->append_event("c", {.direction = "received", .type = "huge", .json = json});
    REQUIRE(run(journal->flush()));
    const auto story = run(journal->call("c"));
    CHECK(story->events[0].type == "huge");
    CHECK(story->events[0].json.empty());
    CHECK(story->events[0].bytes == 300'000);
  }

  TEST_CASE("others can read while it is written, nobody else can write") {
    const TemporaryFolder folder;
    const auto journal = open_journal(folder.file());
    REQUIRE(run(journal->open_call(call_named("c"))));
    auto reader = JournalReader::open(folder.file());
    REQUIRE(reader);
    CHECK(reader->calls({})->size() == 1);

    const auto second = Journal::open(folder.file());
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Errc::overloaded);
    CHECK(second.error().detail.find("in use by process " + std::to_string(::getpid())) !=
          std::string::npos);
  }

  TEST_CASE("guests write their own calls beside the owner, before and after it") {
    const TemporaryFolder folder;
    const auto early = open_journal(folder.file(), {.guest = true});
    const auto owner = open_journal(folder.file());
    const auto late = open_journal(folder.file(), {.guest = true});
    REQUIRE(run(early->open_call(call_named("early"))));
    REQUIRE(run(owner->open_call(call_named("owner"))));
    REQUIRE(run(late->open_call(call_named("late"))));
    CHECK(run(late->claim_tool(tool_named("late", "f")))->before == ToolState::fresh);
    CHECK(run(owner->calls({}))->size() == 3);
  }

  TEST_CASE(
      "the calls of a process that is gone are taken over once, those of a living one never") {
    const TemporaryFolder folder;
    auto gone = open_journal(folder.file(), {.guest = true});
    const auto alive = open_journal(folder.file(), {.guest = true});
    NewCall outbound = call_named("gone");
    outbound.direction = "outbound";
    REQUIRE(run(gone->open_call(outbound)));
    REQUIRE(run(gone->open_call(call_named("gone too"))));
    REQUIRE(run(gone->claim_tool(tool_named("gone", "f"))));
    REQUIRE(run(alive->open_call(call_named("alive"))));
    CHECK(run(alive->take_over())->empty());
    gone.reset();

    const auto owner = open_journal(folder.file());
    const auto taken = run(owner->take_over("gone"));
    REQUIRE(taken->size() == 1);
    CHECK(taken->front().call.info.direction == "outbound");
    CHECK(taken->front().unfinished.size() == 1);
    CHECK(run(owner->claim_tool(tool_named("gone", "f")))->attempt == 2);
    CHECK(run(alive->take_over("gone"))->empty());
    CHECK(run(owner->take_over())->size() == 1);
    CHECK(run(owner->take_over())->empty());
  }

  TEST_CASE("a call that was announced and not opened is found by the next owner, once") {
    const TemporaryFolder folder;
    auto first = open_journal(folder.file());
    for (const char* id : {"lost", "opened", "lost too"}) {
      first->announce(call_named(id));
    }
    REQUIRE(run(first->open_call(call_named("opened"))));
    CHECK(run(first->take_announced())->empty());
    first.reset();

    auto second = open_journal(folder.file());
    const auto left = run(second->take_announced()).value();
    REQUIRE(left.size() == 2);
    CHECK(left.front().call_id == "lost");
    CHECK(left.front().webhook_id == call_named("lost").webhook_id);
    CHECK(left.front().caller == call_named("lost").caller);
    CHECK(run(second->take_announced())->empty());
    REQUIRE(run(second->open_call(left.front())));
    second.reset();

    auto third = open_journal(folder.file());
    REQUIRE(run(third->take_announced())->size() == 1);
    REQUIRE(run(third->open_call(call_named("lost too"))));
    CHECK(std::filesystem::is_empty(folder.file() + ".accepting"));
  }

  TEST_CASE("a note that was cut short leaves the others readable") {
    const TemporaryFolder folder;
    auto first = open_journal(folder.file());
    first->announce(call_named("whole"));
    first->announce(call_named("cut"));
    first.reset();
    const std::string notes = folder.file() + ".accepting";
    std::filesystem::resize_file(notes, std::filesystem::file_size(notes) - 5);
    const auto second = open_journal(folder.file());
    const auto left = run(second->take_announced()).value();
    REQUIRE(left.size() == 1);
    CHECK(left.front().call_id == "whole");
  }

  TEST_CASE("a call that is opened before its id is known gets it later, with all it has") {
    const TemporaryFolder folder;
    const auto journal = open_journal(folder.file());
    NewCall placed = call_named("dial_1");
    placed.direction = "outbound";
    REQUIRE(run(journal->open_call(placed)));
    journal->append_event("dial_1", {.type = "early", .json = "{}"});
    REQUIRE(run(journal->name_call("dial_1", "live_1")));
    journal->append_event("live_1", {.type = "late", .json = "{}"});
    REQUIRE(run(journal->flush()));
    const auto story = run(journal->call("live_1"));
    REQUIRE(story);
    CHECK(story->events.size() == 2);
    CHECK(story->call.info.direction == "outbound");
    CHECK(run(journal->calls({.direction = "outbound"}))->size() == 1);
    CHECK(run(journal->calls({.direction = "inbound"}))->empty());
    CHECK(run(journal->name_call("dial_1", "live_2")).error().code == Errc::not_found);
  }

  TEST_CASE("what was placed by us counts for no caller") {
    const TemporaryFolder folder;
    const auto journal = open_journal(folder.file());
    NewCall placed = call_named("live_1");
    placed.direction = "outbound";
    REQUIRE(run(journal->open_call(placed)));
    REQUIRE(run(journal->end_call({.call_id = "live_1", .outcome = "completed"})));
    CHECK(run(journal->usage_by_caller(0))->empty());
  }

  TEST_CASE("the file is for its owner only") {
    const TemporaryFolder folder;
    const auto journal = open_journal(folder.file());
    struct stat status {};
    REQUIRE(::stat(folder.file().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
  }

  TEST_CASE("files that are no journal of this program are refused with a reason") {
    const TemporaryFolder folder;
    std::ofstream{folder.file("text")} << std::string(5'000, 'x');
    CHECK(Journal::open(folder.file("text")).error().code == Errc::malformed_message);

    REQUIRE(Journal::open(folder.file("newer")));
    REQUIRE(Database::open(folder.file("newer"), Database::Access::write)
                ->script("PRAGMA user_version=99"));
    const auto newer = Journal::open(folder.file("newer"));
    CHECK(newer.error().code == Errc::invalid_argument);
    CHECK(newer.error().detail.find("newer offhook") != std::string::npos);

    std::ofstream{folder.file("other")};
    REQUIRE(
        Database::open(folder.file("other"), Database::Access::write)->script("CREATE TABLE t(x)"));
    CHECK(Journal::open(folder.file("other")).error().detail.find("another program") !=
          std::string::npos);

    CHECK(JournalReader::open(folder.file("none")).error().code == Errc::not_found);
    CHECK_FALSE(Journal::open(folder.file("no/folder")));
  }

  TEST_CASE("damage inside the file makes operations fail, not succeed") {
    const TemporaryFolder folder;
    {
      const auto journal = open_journal(folder.file());
      for (int i = 0; i < 200; ++i) {
        REQUIRE(run(journal->open_call(call_named("rtc_" + std::to_string(i)))));
      }
    }
    {
      std::fstream file{folder.file(), std::ios::in | std::ios::out | std::ios::binary};
      file.seekp(2 * 4096);
      const std::string rubbish(60 * 4096, '\x5A');
      file.write(rubbish.data(), static_cast<std::streamsize>(rubbish.size()));
    }
    const auto journal = Journal::open(folder.file());
    const auto opened = journal ? run((*journal)->open_call(call_named("rtc_7")))
                                : Result<OpenedCall>{fail(journal.error())};
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == Errc::malformed_message);
    CHECK(opened.error().detail.find("damaged") != std::string::npos);
  }
}

}  // namespace
}  // namespace offhook::store
