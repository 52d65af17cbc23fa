#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "agent/dialogue/call_limiter.hpp"
#include "agent/dialogue/conversation_repair.hpp"
#include "agent/dialogue/keypad.hpp"
#include "agent/dialogue/live_farewell.hpp"
#include "agent/dialogue/reattach.hpp"
#include "agent/dialogue/usage_meter.hpp"

namespace {

using namespace std::chrono_literals;
using namespace offhook;
using namespace offhook::agent;
using Step = CallLimiter::Step;
using Time = std::chrono::steady_clock::time_point;

constexpr Time start{1h};

openai::RealtimeEvent event(const std::string& text) {
  return openai::parse_realtime_event(text).value();
}

std::string probe_id(ConversationRepair& repair) {
  const auto events = repair.take_events();
  REQUIRE_FALSE(events.empty());
  return std::string{boost::json::parse(events[0]).at("item").at("id").as_string()};
}

std::string added_probe(const std::string& probe, const std::string& previous) {
  return R"({"type":"conversation.item.added","previous_item_id":")" + previous +
         R"(","item":{"id":")" + probe + "\"}}";
}

std::string retrieved_words(const std::string& id,
                            const std::string& role,
                            const std::string& words) {
  return R"({"type":"conversation.item.retrieved","item":{"id":")" + id +
         R"(","type":"message","role":")" + role + R"(","content":[{"transcript":")" + words +
         "\"}]}}";
}

}  // namespace

TEST_SUITE("Keypad") {
  TEST_CASE("an entry ends with its terminator, a pause, or when it is full") {
    Keypad keypad{{}};
    keypad.on_digit('1', start);
    keypad.on_digit('2', start + 1s);
    CHECK_FALSE(keypad.take_entry());
    keypad.on_digit('#', start + 2s);
    CHECK(keypad.take_entry() == "12");
    keypad.on_digit('3', start + 3s);
    REQUIRE(keypad.deadline() == start + 3s + 2'500ms);
    keypad.on_time(*keypad.deadline());
    CHECK(keypad.take_entry() == "3");
    CHECK_FALSE(keypad.deadline());
    for (int i = 0; i < 32; ++i) {
      keypad.on_digit('7', start + 10s);
    }
    CHECK(keypad.take_entry() == std::string(32, '7'));
  }

  TEST_CASE("the terminator alone is an entry, and a disabled keypad has none") {
    Keypad keypad{{}};
    keypad.on_digit('#', start);
    CHECK(keypad.take_entry() == "#");
    KeypadConfig off;
    off.enabled = false;
    Keypad silent{off};
    silent.on_digit('#', start);
    CHECK_FALSE(silent.take_entry());
  }
}

TEST_SUITE("CallLimiter") {
  TEST_CASE("says goodbye before the seconds are over, insists, and hangs up") {
    CallLimits limits;
    limits.seconds = 60s;
    limits.goodbye_time = 10s;
    CallLimiter limiter{limits};
    limiter.begin(start);
    CHECK(limiter.deadline() == start + 50s);
    limiter.on_time(start + 50s);
    CHECK(limiter.take_steps() == std::vector{Step::goodbye});
    limiter.on_time(start + 55s);
    CHECK(limiter.take_steps() == std::vector{Step::insist});
    limiter.on_time(start + 60s);
    CHECK(limiter.take_steps() == std::vector{Step::hang_up});
    CHECK_FALSE(limiter.deadline());
    CHECK(limiter.reason().find("60 s") != std::string::npos);
  }

  TEST_CASE("says goodbye once the tokens are used up, and only once") {
    CallLimits limits;
    limits.tokens = 100;
    CallLimiter limiter{limits};
    limiter.begin(start);
    limiter.on_tokens(99, start);
    CHECK(limiter.take_steps().empty());
    limiter.on_tokens(100, start);
    limiter.on_tokens(150, start + 1s);
    CHECK(limiter.take_steps() == std::vector{Step::goodbye});
    limiter.on_time(start + 12s);
    CHECK(limiter.take_steps() == std::vector{Step::insist, Step::hang_up});
  }

  TEST_CASE("without limits there is nothing to wait for") {
    CallLimiter limiter{{}};
    limiter.begin(start);
    limiter.on_tokens(1'000'000, start);
    CHECK_FALSE(limiter.deadline());
  }
}

TEST_SUITE("Reattach") {
  using Verdict = Reattach::Verdict;

  TEST_CASE("call_id_not_found ends the matter, a bare 404 is asked once more") {
    const Error named{Errc::refused, "404 call_id_not_found: No session found", 404};
    const Error bare{Errc::refused, "WebSocket refused with 404 Not Found", 404};
    Reattach first;
    CHECK(first.next(nullptr, 0ms).verdict == Verdict::again);
    CHECK(first.next(&named, 500ms).verdict == Verdict::call_over);
    Reattach second;
    CHECK(second.next(nullptr, 0ms).verdict == Verdict::again);
    CHECK(second.next(&bare, 500ms).verdict == Verdict::again);
    CHECK(second.next(&bare, 1s).verdict == Verdict::call_over);
  }

  TEST_CASE("a sideband that had been up for long is attached again sooner, for the first time") {
    Reattach lasting{60s, 5s};
    Reattach fleeting{60s, 100ms};
    CHECK(lasting.next(nullptr, 0ms).delay < fleeting.next(nullptr, 0ms).delay);
    CHECK(lasting.next(nullptr, 1s).delay == fleeting.next(nullptr, 1s).delay);
  }

  TEST_CASE("other failures are tried again with growing delays until patience ends") {
    const Error refused{Errc::unreachable, "connection refused"};
    Reattach policy{10s};
    std::chrono::milliseconds elapsed{0};
    std::chrono::milliseconds last{0};
    auto decision = policy.next(nullptr, elapsed);
    while (decision.verdict == Verdict::again) {
      CHECK(decision.delay >= last);
      last = decision.delay;
      elapsed += decision.delay;
      decision = policy.next(&refused, elapsed);
    }
    CHECK(decision.verdict == Verdict::give_up);
    CHECK(elapsed <= 10s);
    CHECK(elapsed >= 5s);
  }
}

TEST_SUITE("ConversationRepair") {
  TEST_CASE("walks back from the end of the conversation to what was seen before") {
    ConversationRepair repair;
    repair.on_event(event(R"({"type":"conversation.item.added","item":{"id":"old"}})"));
    repair.begin();
    const std::string probe = probe_id(repair);
    repair.on_event(event(R"({"type":"conversation.item.added","previous_item_id":"fc2",)"
                          R"("item":{"id":")" +
                          probe + "\"}}"));
    CHECK(repair.take_events().size() == 1);
    repair.on_event(event(R"({"type":"conversation.item.retrieved","previous_item_id":"fc1",)"
                          R"("item":{"id":"fc2","type":"function_call","call_id":"b"}})"));
    repair.on_event(event(R"({"type":"conversation.item.retrieved","previous_item_id":"old",)"
                          R"("item":{"id":"fc1","type":"function_call","call_id":"a"}})"));
    CHECK_FALSE(repair.running());
    const auto found = repair.take_unanswered();
    REQUIRE(found.size() == 2);
    CHECK(found[0].call_id == "a");
    CHECK(found[1].call_id == "b");
  }

  TEST_CASE("leaves alone what was answered or is still being written") {
    ConversationRepair repair;
    repair.begin();
    const std::string probe = probe_id(repair);
    repair.on_event(event(R"({"type":"conversation.item.added","previous_item_id":"o",)"
                          R"("item":{"id":")" +
                          probe + "\"}}"));
    repair.on_event(event(R"({"type":"conversation.item.retrieved","previous_item_id":"c",)"
                          R"("item":{"id":"o","type":"function_call_output","call_id":"a"}})"));
    repair.on_event(event(R"({"type":"conversation.item.retrieved","previous_item_id":"d",)"
                          R"("item":{"id":"c","type":"function_call","call_id":"a"}})"));
    repair.on_event(event(R"({"type":"conversation.item.retrieved","item":{"id":"d",)"
                          R"("type":"function_call","call_id":"z","status":"in_progress"}})"));
    CHECK_FALSE(repair.running());
    CHECK(repair.take_unanswered().empty());
  }

  TEST_CASE("finds what was said while nobody listened") {
    ConversationRepair repair;
    repair.on_event(event(R"({"type":"input_audio_buffer.speech_started","item_id":"u1"})"));
    repair.on_event(event(
        R"({"type":"conversation.item.input_audio_transcription.completed","item_id":"u1"})"));
    repair.on_event(event(R"({"type":"input_audio_buffer.speech_started","item_id":"u2"})"));
    repair.begin();
    const auto asked = repair.take_events();
    REQUIRE(asked.size() == 2);  // the probe, and what the caller was about to say
    CHECK(asked[1].find(R"("item_id":"u2")") != std::string::npos);
    const std::string probe{boost::json::parse(asked[0]).at("item").at("id").as_string()};
    repair.on_event(event(R"({"type":"conversation.item.retrieved","item":{"id":"u2",)"
                          R"("type":"message","role":"user","content":[{"type":"input_audio",)"
                          R"("transcript":"Where is it?"}]}})"));
    repair.on_event(event(R"({"type":"conversation.item.added","previous_item_id":"m",)"
                          R"("item":{"id":")" +
                          probe + "\"}}"));
    repair.on_event(event(R"({"type":"conversation.item.retrieved","item":{"id":"m",)"
                          R"("type":"message","role":"assistant","status":"incomplete",)"
                          R"("content":[{"type":"output_audio","transcript":"On its way."}]}})"));
    CHECK_FALSE(repair.running());
    const auto found = repair.take_messages();
    REQUIRE(found.size() == 2);
    CHECK(found[0].who == "caller");
    CHECK(found[0].text == "Where is it?");
    CHECK(found[1].who == "model");
    CHECK(found[1].text == "On its way.");
    CHECK(found[1].interrupted);
  }

  TEST_CASE("takes for said neither what is still being said nor what we wrote") {
    ConversationRepair repair;
    repair.on_event(event(R"({"type":"conversation.item.added","item":{"id":"m",)"
                          R"("type":"message","role":"assistant"}})"));
    repair.begin();
    const std::string probe = probe_id(repair);
    repair.on_event(event(R"({"type":"conversation.item.retrieved","item":{"id":"m",)"
                          R"("type":"message","role":"assistant","status":"in_progress",)"
                          R"("content":[{"type":"output_audio","transcript":"On"}]}})"));
    repair.on_event(event(R"({"type":"conversation.item.added","previous_item_id":"w",)"
                          R"("item":{"id":")" +
                          probe + "\"}}"));
    repair.on_event(event(R"({"type":"conversation.item.retrieved","item":{"id":"w",)"
                          R"("type":"message","role":"system",)"
                          R"("content":[{"type":"input_text","text":"Be kind."}]}})"));
    CHECK_FALSE(repair.running());
    CHECK(repair.take_messages().empty());
  }

  TEST_CASE("an item that is added after a gap names what was missed before it") {
    ConversationRepair repair;
    repair.on_event(event(R"({"type":"conversation.item.added","item":{"id":"old"}})"));
    repair.begin();
    const std::string probe = probe_id(repair);
    repair.on_event(event(R"({"type":"conversation.item.added","previous_item_id":"u",)"
                          R"("item":{"id":"m","type":"message","role":"assistant"}})"));
    const auto asked = repair.take_events();
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].find(R"("item_id":"u")") != std::string::npos);
    repair.on_event(event(added_probe(probe, "m")));
    CHECK(repair.take_events().empty());  // the one before it is asked for already
    repair.on_event(event(retrieved_words("u", "user", "Where is it?")));
    const auto found = repair.take_messages();
    REQUIRE(found.size() == 1);
    CHECK(found[0].who == "caller");
    CHECK(found[0].next == "m");
    CHECK_FALSE(repair.running());
    CHECK(repair.take_model_went_on() == true);
  }

  TEST_CASE("a repair that another gap cut short is taken up by the next") {
    ConversationRepair repair;
    repair.on_event(event(R"({"type":"conversation.item.added","item":{"id":"old"}})"));
    repair.begin();
    const std::string first = probe_id(repair);
    repair.on_event(event(added_probe(first, "m")));
    CHECK(repair.take_events().size() == 1);
    repair.begin();
    const auto events = repair.take_events();
    REQUIRE(events.size() == 3);  // the first probe would hide what is before it
    CHECK(events[0].find("conversation.item.delete") != std::string::npos);
    CHECK(events[0].find(first) != std::string::npos);
    CHECK(events[2].find(R"("item_id":"m")") != std::string::npos);
    const std::string probe{boost::json::parse(events[1]).at("item").at("id").as_string()};
    repair.on_event(event(added_probe(probe, "m")));
    repair.on_event(event(retrieved_words("m", "assistant", "On its way.")));
    CHECK_FALSE(repair.running());
    CHECK(repair.take_messages().size() == 1);
    CHECK(repair.take_model_went_on() == true);
  }

  TEST_CASE("what is found unfinished is asked for again after the next gap") {
    ConversationRepair repair;
    repair.begin();
    repair.on_event(event(added_probe(probe_id(repair), "m")));
    repair.on_event(event(R"({"type":"conversation.item.retrieved","item":{"id":"m",)"
                          R"("type":"message","role":"assistant","status":"in_progress"}})"));
    CHECK_FALSE(repair.running());
    static_cast<void>(repair.take_events());
    repair.begin();
    const auto events = repair.take_events();
    REQUIRE(events.size() == 2);
    CHECK(events[1].find(R"("item_id":"m")") != std::string::npos);
  }

  TEST_CASE("tells that the model has begun nothing, where the conversation ends as it did") {
    ConversationRepair repair;
    repair.on_event(event(R"({"type":"conversation.item.added","item":{"id":"old"}})"));
    repair.begin();
    CHECK_FALSE(repair.take_model_went_on());
    repair.on_event(event(added_probe(probe_id(repair), "old")));
    CHECK(repair.take_model_went_on() == false);
    CHECK_FALSE(repair.take_model_went_on());
  }

  TEST_CASE("finds a call that had been announced, also when the item before it is refused") {
    ConversationRepair repair;
    repair.on_event(
        event(R"({"type":"conversation.item.added","item":{"id":"fc","type":"function_call"}})"));
    repair.begin();
    CHECK(repair.take_events().size() == 2);
    repair.on_event(event(R"({"type":"conversation.item.retrieved",)"
                          R"("item":{"id":"fc","type":"function_call","call_id":"a"}})"));
    repair.on_event(
        event(R"({"type":"error","error":{"code":"x","event_id":"offhook_repair_1"}})"));
    CHECK(repair.take_unanswered().size() == 1);
  }
}

TEST_SUITE("LiveFarewell") {
  TEST_CASE("is heard when words have come and then none for a while") {
    LiveFarewell farewell;
    farewell.begin("bye", start);
    farewell.on_time(start + 1s);
    farewell.on_model_words(start + 2s);
    farewell.on_model_words(start + 3s);
    farewell.on_time(start + 4s);
    CHECK_FALSE(farewell.take_hang_up());
    REQUIRE(farewell.deadline());
    farewell.on_time(*farewell.deadline());
    CHECK(farewell.take_hang_up() == "bye");
    CHECK_FALSE(farewell.deadline());
  }
}

TEST_SUITE("Usage") {
  TEST_CASE("adds up what responses say, and nothing that is odd") {
    Usage usage;
    const auto used = [](const std::string& told) {
      return std::get<openai::RealtimeResponse>(
                 event(R"({"type":"response.done","response":{"usage":)" + told + "}}"))
          .usage;
    };
    const auto done = used(R"({"input_token_details":{"text_tokens":5,"audio_tokens":7,
        "cached_tokens":3},"output_token_details":{"text_tokens":2,"audio_tokens":11}})");
    add_usage(usage, done);
    add_usage(usage, done);
    add_usage(usage, used("null"));
    add_usage(usage, used(R"({"input_token_details":{"text_tokens":-9}})"));
    CHECK(usage.tokens() == 50);
    CHECK(usage.cached_tokens == 6);
  }
}
