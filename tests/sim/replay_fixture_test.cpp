#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "audio/sound_file.hpp"
#include "base/random.hpp"
#include "sim/replay/fixture.hpp"
#include "sim/replay/fixture_sound.hpp"
#include "sim/replay/fixture_writer.hpp"
#include "sim/replay/likeness.hpp"
#include "sim/speaker.hpp"

namespace offhook::sim {
namespace {

/// Text of a fixture, line by line.
class Recorded {
 public:
  Recorded& received(double at_ms, std::string_view event) { return add(at_ms, "received", event); }
  Recorded& sent(double at_ms, std::string_view event) { return add(at_ms, "sent", event); }
  Recorded& add(double at_ms, std::string_view direction, std::string_view event) {
    text += fmt::format("{{\"at_ms\":{},\"direction\":\"{}\",\"event\":{}}}\n", at_ms, direction,
                        event);
    return *this;
  }

  std::string text;
};

Recorded attached() {
  Recorded recorded;
  recorded.received(100, R"({"type":"session.created","session":{"id":"sess_1"}})");
  return recorded;
}

std::string problem(std::string_view text) {
  const auto fixture = parse_fixture(text, "calls/a.jsonl");
  return fixture ? std::string{} : fixture.error().detail;
}

/// What the last step of a recording answers, as the number of its line.
std::size_t answers(const Recorded& recorded) {
  const auto fixture = parse_fixture(recorded.text, "a.jsonl").value();
  const auto& answered = fixture.steps.back().answers;
  return answered ? fixture.steps[*answered].line : 0;
}

void write(const std::filesystem::path& path, std::string_view text) {
  std::ofstream{path} << text;
}

struct FixtureFolder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("offhook-replay-" + random_hex(16));
  FixtureFolder() { std::filesystem::create_directories(path); }
  FixtureFolder(const FixtureFolder&) = delete;
  FixtureFolder& operator=(const FixtureFolder&) = delete;
  ~FixtureFolder() { std::filesystem::remove_all(path); }
};

std::vector<std::int16_t> tone(int from_ms, int to_ms, int length_ms) {
  std::vector<std::int16_t> samples(static_cast<std::size_t>(length_ms) * samples_per_ms);
  for (std::size_t i = static_cast<std::size_t>(from_ms) * samples_per_ms;
       i < static_cast<std::size_t>(to_ms) * samples_per_ms; ++i) {
    samples[i] = i % 2 == 0 ? 5'000 : -5'000;
  }
  return samples;
}

Fixture heard_once() {
  return parse_fixture(
             attached()
                 .received(1'000, R"({"type":"output_audio_buffer.started","response_id":"r"})")
                 .received(2'000, R"({"type":"output_audio_buffer.stopped","response_id":"r"})")
                 .text,
             "a.jsonl")
      .value();
}

TEST_SUITE("Fixture of a recorded call") {
  TEST_CASE("events of both directions are read, in the order of the file") {
    const auto fixture = parse_fixture(attached()
                                               .sent(150, R"({"type":"response.create"})")
                                               .add(160, "mark", R"({"type":"sound.began"})")
                                               .received(200, R"({"type":"response.created"})")
                                               .received(190, R"({"type":"response.done"})")
                                               .text +
                                           "\n",
                                       "calls/night-desk.jsonl");
    REQUIRE(fixture);
    CHECK(fixture->name == "night-desk");
    CHECK(event_text(fixture->session_created, "session.id") == "sess_1");
    CHECK(fixture->attached_ms == 100);
    CHECK(fixture->sound_ms == 160);
    REQUIRE(fixture->steps.size() == 3);
    CHECK_FALSE(fixture->steps[0].from_server);
    CHECK(fixture->steps[1].from_server);
    CHECK(fixture->steps[1].line == 4);
    CHECK(fixture->steps[2].at_ms == 200);  // time does not run backwards
  }

  TEST_CASE("what precedes the first sideband, and later greetings, are left out") {
    Recorded recorded;
    recorded.received(1, R"({"type":"input_audio_buffer.speech_started"})");
    recorded.sent(1,
                  R"({"type":"response.create"})");  // a controller need not wait for the greeting
    recorded.received(2, R"({"type":"session.created","session":{"id":"first"}})");
    recorded.received(3, R"({"type":"session.created","session":{"id":"second"}})");
    const auto fixture = parse_fixture(recorded.text, "a.jsonl");
    REQUIRE(fixture);
    REQUIRE(fixture->steps.size() == 1);
    CHECK(event_text(fixture->steps.front().event, "type") == "response.create");
    CHECK(event_text(fixture->session_created, "session.id") == "first");
  }

  TEST_CASE("problems name file and line") {
    const std::string good = attached().text;
    CHECK(problem(good).empty());
    CHECK(problem(good + "nonsense\n").starts_with("calls/a.jsonl:2: not JSON"));
    CHECK(problem(good + R"({"at_ms":1,"direction":"received"})").starts_with("calls/a.jsonl:2: "));
    CHECK(problem(good + R"([1])").starts_with("calls/a.jsonl:2: "));
    CHECK(problem(good + R"({"at_ms":1,"direction":"received","event":"x"})")
              .starts_with("calls/a.jsonl:2: "));
    CHECK(problem(good + R"({"at_ms":"1","direction":"received","event":{}})")
              .starts_with("calls/a.jsonl:2: at_ms: "));
    CHECK(problem(good + R"({"at_ms":-1,"direction":"received","event":{}})")
              .starts_with("calls/a.jsonl:2: at_ms: "));
    CHECK(problem(good + R"({"at_ms":1e300,"direction":"received","event":{}})")
              .starts_with("calls/a.jsonl:2: at_ms: "));
    CHECK(problem(good + R"({"at_ms":1,"direction":"up","event":{}})")
              .starts_with("calls/a.jsonl:2: direction: "));
    CHECK(problem("").starts_with("calls/a.jsonl: has no session.created"));
    CHECK(problem(std::string(largest_fixture + 1, '\n')).starts_with("calls/a.jsonl: has "));
    CHECK(problem(Recorded{}.received(5, R"({"type":"session.started"})").text)
              .starts_with("calls/a.jsonl:1: is of a call of the Live API"));
  }

  TEST_CASE("answers are found by what they say, and by their order") {
    const std::string_view created = R"({"type":"response.created","response":{"id":"r"}})";
    CHECK(answers(attached().sent(1, R"({"type":"response.create"})").received(2, created)) == 2);
    // The caller's turn began it.
    CHECK(answers(attached()
                      .sent(1, R"({"type":"response.create"})")
                      .received(2, created)
                      .received(9'000, created)) == 0);
    // The second question was answered by metadata.
    CHECK(answers(attached()
                      .sent(1, R"({"type":"response.create"})")
                      .sent(2, R"({"type":"response.create","response":{"metadata":{"n":"2"}}})")
                      .received(
                          3, R"({"type":"response.created","response":{"metadata":{"n":"2"}}})")) ==
          3);
    CHECK(answers(attached()
                      .sent(1, R"({"type":"session.update"})")
                      .received(2, R"({"type":"session.updated"})")) == 2);
    CHECK(answers(attached()
                      .sent(1, R"({"type":"input_audio_buffer.commit"})")
                      .received(2, R"({"type":"input_audio_buffer.committed"})")) == 2);
    CHECK(answers(attached()
                      .sent(1, R"({"type":"conversation.item.delete","item_id":"a"})")
                      .sent(2, R"({"type":"conversation.item.delete","item_id":"b"})")
                      .received(3, R"({"type":"conversation.item.deleted","item_id":"b"})")) == 3);
    CHECK(answers(
              attached()
                  .sent(1,
                        R"({"type":"conversation.item.create","item":{"id":"x","type":"message"}})")
                  .sent(2, R"({"type":"conversation.item.create","item":{"type":"message"}})")
                  .received(3, R"({"type":"conversation.item.added","item":{"id":"y")"
                               R"(,"type":"message"}})")) == 3);
    // An item of the caller's.
    CHECK(answers(attached()
                      .sent(1, R"({"type":"conversation.item.create","item":{"id":"x")"
                               R"(,"type":"function_call_output"}})")
                      .received(3, R"({"type":"conversation.item.added","item":{"id":"y")"
                                   R"(,"type":"message","role":"user"}})")) == 0);
    CHECK(answers(attached()
                      .sent(1, R"({"type":"response.create","event_id":"e"})")
                      .received(2, R"({"type":"error","error":{"event_id":"e"}})")) == 2);
  }

  TEST_CASE("a response that was refused is not taken for the cause of another one") {
    const auto fixture =
        parse_fixture(attached()
                          .received(1, R"({"type":"input_audio_buffer.committed"})")
                          .sent(2, R"({"type":"response.create"})")
                          .received(3, R"({"type":"response.created","response":{"id":"r"}})")
                          .received(4, R"({"type":"error","error":{)"
                                       R"("code":"conversation_already_has_active_response"}})")
                          .text,
                      "a.jsonl")
            .value();
    CHECK_FALSE(fixture.steps[2].answers);
    CHECK(fixture.steps[3].answers == 1);
  }
}

TEST_SUITE("Sound of a recorded call") {
  TEST_CASE("the place of a sound is found where nothing tells it") {
    const Fixture fixture = heard_once();
    // Speech after 300 ms of the file must be what was heard from 1000 ms on.
    const auto place = find_sound_ms(fixture, tone(300, 1'100, 3'000));
    REQUIRE(place);
    CHECK(*place >= 660);
    CHECK(*place <= 700);
    CHECK_FALSE(find_sound_ms(fixture, tone(0, 0, 3'000)));
    CHECK_FALSE(find_sound_ms(fixture, {}));
    CHECK_FALSE(find_sound_ms(parse_fixture(attached().text, "a").value(), tone(0, 9, 10)));
  }

  TEST_CASE("a response gets its part, without the silence around it") {
    Fixture fixture = heard_once();
    fixture.sound_ms = 600;
    cut_sound(fixture, tone(390, 1'200, 3'000));  // it began 10 ms before the event came
    const auto& sound = fixture.steps.front().sound;
    CHECK(sound.size() == 820 * samples_per_ms);
    CHECK(std::ranges::count(sound, 0) == 10 * samples_per_ms);
    CHECK(fixture.steps.back().sound.empty());
  }

  TEST_CASE("silence between the event and the sound is kept") {
    Fixture fixture = heard_once();
    fixture.sound_ms = 600;
    cut_sound(fixture, tone(600, 1'000, 3'000));
    CHECK(fixture.steps.front().sound.size() == 600 * samples_per_ms);
  }

  TEST_CASE("a sound that is shorter than the events tell is no trouble") {
    Fixture fixture = heard_once();
    fixture.sound_ms = 600;
    cut_sound(fixture, tone(400, 500, 500));
    CHECK(fixture.steps.front().sound.size() == 100 * samples_per_ms);
    fixture.sound_ms = 90'000;
    cut_sound(fixture, tone(400, 500, 500));
    CHECK(fixture.steps.front().sound.empty());
  }
}

TEST_SUITE("Files of recorded calls") {
  TEST_CASE("a folder is read by name, with the right channel of the sound beside each file") {
    const FixtureFolder folder;
    write(folder.path / "b.jsonl", attached().text);
    write(folder.path / "a.jsonl",
          attached()
              .received(1'000, R"({"type":"output_audio_buffer.started","response_id":"r"})")
              .text);
    write(folder.path / "notes.txt", "nonsense");
    {
      auto writer =
          audio::SoundWriter::create((folder.path / "a.wav").string(), voice_rate_hz, 2).value();
      std::vector<std::int16_t> stereo(2 * 16'000);
      for (std::size_t i = 1; i < stereo.size(); i += 2) {
        stereo[i] = 5'000;
      }
      REQUIRE(writer.write(stereo));
    }
    const auto fixtures = load_fixtures({folder.path.string()});
    REQUIRE(fixtures);
    REQUIRE(fixtures->size() == 2);
    CHECK((*fixtures)[0]->name == "a");
    const auto& sound = (*fixtures)[0]->steps.front().sound;
    REQUIRE(sound.size() == 16'000);
    CHECK(sound[8'000] == 5'000);
    CHECK((*fixtures)[1]->name == "b");
  }

  TEST_CASE("what cannot be read is named") {
    const FixtureFolder folder;
    const auto problem_of = [](const std::filesystem::path& path) {
      const auto fixtures = load_fixtures({path.string()});
      return fixtures ? std::string{} : fixtures.error().detail;
    };
    CHECK(problem_of(folder.path / "none.jsonl").ends_with("none.jsonl: cannot be read"));
    CHECK(problem_of(folder.path).ends_with("holds no recording (*.jsonl)"));
    write(folder.path / "a.jsonl", attached().text);
    write(folder.path / "a.wav", "nonsense");
    CHECK(problem_of(folder.path).find("a.wav") != std::string::npos);
  }

  TEST_CASE("what is written can be read, and holds no secret") {
    const FixtureFolder folder;
    const std::string path = (folder.path / "call.jsonl").string();
    {
      auto writer = FixtureWriter::create(path).value();
      writer.write("received", R"({"type":"session.created","session":{"id":"s"}})");
      writer.sound_begins();
      writer.write("sent", R"({"type":"session.update","session":{"tools":[{"type":"mcp",
          "authorization":"s3cr3t","headers":{"X-Key":"s3cr3t"}}]}})");
      writer.write("sent", "no JSON");
    }
    std::ifstream file{path};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    CHECK(text.find("s3cr3t") == std::string::npos);
    const auto fixture = parse_fixture(text, path);
    REQUIRE(fixture);
    CHECK(fixture->sound_ms);
    REQUIRE(fixture->steps.size() == 2);
    CHECK(event_text(fixture->steps[0].event, "type") == "session.update");
  }
}

}  // namespace
}  // namespace offhook::sim
