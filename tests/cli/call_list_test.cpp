#include "cli/call_list.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace offhook::cli {
namespace {

store::CallStory story() {
  store::CallStory story;
  story.call.info = {.call_id = "rtc_1", .api = "realtime", .agent = "support", .caller = "+4930"};
  story.call.outcome = "hung_up";
  story.call.began_at_ms = 1'700'000'000'000;
  story.call.ended_at_ms = 1'700'000'012'500;
  story.call.usage = {.input_audio_tokens = 100, .output_audio_tokens = 20, .seconds = 12.5};
  story.transcript = {{.who = "model", .text = "Good\x1B[2Jbye", .at_ms = 900, .run = 1},
                      {.who = "caller", .text = "Hello", .at_ms = 10, .run = 2}};
  story.events = {{.at_ms = 1'000, .direction = "received", .type = "response.done", .run = 1}};
  story.tools = {{.function_call_id = "f", .name = "book", .arguments = "{}"}};
  return story;
}

TEST_SUITE("list of calls") {
  TEST_CASE("a table has a line per call, with what it used") {
    const std::string text = to_text(std::vector<store::Call>{story().call});
    CHECK(text.find("2023-11-14 22:13:20 rtc_1") != std::string::npos);
    CHECK(text.find("hung_up") != std::string::npos);
    CHECK(text.find("120 tok") != std::string::npos);
  }

  TEST_CASE("a story is one time line, in order across processes, without control characters") {
    const std::string text = to_text(story());
    const auto goodbye = text.find("0.900 model: Good");
    const auto event = text.find("1.000 < response.done");
    const auto again = text.find("started again");
    const auto hello = text.find("0.010 caller: Hello");
    REQUIRE(hello != std::string::npos);
    CHECK(goodbye < event);
    CHECK(event < again);
    CHECK(again < hello);
    CHECK(text.find('\x1B') == std::string::npos);
    CHECK(text.find("book [claimed] {} -> unknown") != std::string::npos);
  }

  TEST_CASE("an unknown cost is null in JSON, not 0") {
    store::CallStory one = story();
    CHECK(to_json(one).at("cost").is_null());
    one.call.cost = 0.5;
    CHECK(to_json(one).at("cost") == 0.5);
    CHECK(to_json(one).at("transcript").as_array().size() == 2);
  }

  TEST_CASE("a gap stands in the time line, in JSON with its length") {
    store::CallStory cut = story();
    cut.transcript.push_back(
        {.who = "gap", .text = "0.8 s without", .at_ms = 950, .run = 1, .gap_ms = 812.5});
    const std::string text = to_text(cut);
    const auto gap = text.find("0.950 gap: 0.8 s without");
    REQUIRE(gap != std::string::npos);
    CHECK(text.find("0.900 model: Good") < gap);
    CHECK(gap < text.find("1.000 < response.done"));
    const auto json = to_json(cut);
    const auto& lines = json.at("transcript").as_array();
    CHECK(lines.at(2).at("gap_ms") == 812.5);
    CHECK_FALSE(lines.at(1).as_object().contains("gap_ms"));
  }

  TEST_CASE("since is a duration or a day, and nothing else") {
    const std::chrono::system_clock::time_point now{std::chrono::seconds{1'700'000'000}};
    CHECK(parse_since("90s", now) == 1'699'999'910'000);
    CHECK(parse_since("24h", now) == 1'699'913'600'000);
    CHECK(parse_since("2023-11-14", now) == 1'699'920'000'000);
    CHECK(parse_since("99999d", now) == 0);
    for (const char* text : {"", "h", "24", "-1h", "24hh", "1w", "2023-11-14x", "9999999999999s"}) {
      CAPTURE(text);
      CHECK_FALSE(parse_since(text, now));
    }
  }
}

}  // namespace
}  // namespace offhook::cli
