#include "sim/model.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "audio/similarity.hpp"
#include "base/json.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;

/// A model that says "Hello there.", a media thread that plays when it is told to, and a clock that
/// stands still.
struct Fixture {
  explicit Fixture(std::string_view session) {
    SessionOptions options{Persona{{}}, Ids{7}};
    options.now = now;
    ModelHooks hooks;
    hooks.send = [this](const boost::json::object& event) {
      types.emplace_back(json_string(boost::json::value(event), "type"));
      if (types.back() == "output_audio_buffer.started") {
        play(played_at_start_ms);
      }
    };
    model = std::make_shared<Model>(
        SessionConfig::from_accept(boost::json::parse(session), audio::CodecId::pcmu).value(),
        std::move(options), Hearing{ScriptRecogniser{{}}, nullptr, false}, speaker, voice,
        std::move(hooks));
  }

  /// Until all of it is synthesised and its words are told.
  void say_hello() {
    model->on_client_event(
        R"({"type":"response.create","response":{"instructions":"Say \"Hello there.\""}})");
    const auto work = boost::asio::make_work_guard(context);
    bool spoken = false;  // all of the sentence: what is asked for first is spoken first
    voice.speak({}, Voice::not_stopped(), [&](const auto& /*nothing*/) { spoken = true; });
    while (!spoken) {
      REQUIRE(context.run_one_for(60s) == 1);
    }
    tick();
  }
  void tick() {
    for (int i = 0; i < 50; ++i) {
      model->tick(now += 20ms);
    }
  }
  /// What the media thread does in so many milliseconds.
  void play(int ms) {
    for (int played = 0; played < ms; played += 20) {
      audio::Frame received;
      audio::Frame to_send;
      received.silence(voice_rate_hz);
      to_send.silence(voice_rate_hz);
      speaker.exchange(received, to_send);
      const auto samples = to_send.samples();
      heard.insert(heard.end(), samples.begin(), samples.end());
    }
  }

  int played_at_start_ms = 0;
  boost::asio::io_context context;
  Speaker speaker;
  Voice voice{context.get_executor(), "slt"};
  std::vector<std::string> types;
  std::vector<std::int16_t> heard;
  Time now = std::chrono::steady_clock::now();
  std::shared_ptr<Model> model;
};

/// What is heard of "Hello there." in a session, without the silence at its end.
std::vector<std::int16_t> hello_of(std::string_view output) {
  Fixture f{R"({"type":"realtime","audio":{"output":)" + std::string{output} + "}}"};
  f.say_hello();
  f.play(5'000);
  const auto silent = [](int sample) { return std::abs(sample) < 100; };
  f.heard.erase(std::find_if_not(f.heard.rbegin(), f.heard.rend(), silent).base(), f.heard.end());
  return f.heard;
}

TEST_SUITE("Model") {
  TEST_CASE("tells the end of its speech although the last of it is played during its look") {
    Fixture f{R"({"type":"realtime"})"};
    f.played_at_start_ms = 20'000;  // a control thread that sleeps there for long
    f.say_hello();
    f.play(20);
    f.tick();
    REQUIRE(std::count(f.types.begin(), f.types.end(), "response.done") == 1);
    CHECK(std::count(f.types.begin(), f.types.end(), "output_audio_buffer.stopped") == 1);
  }

  TEST_CASE("speaks as fast as its session says, and with the voice that stands for its own") {
    const auto usual = hello_of(R"({"voice":"marin"})");
    const auto fast = hello_of(R"({"voice":"marin","speed":1.5})");
    const auto low = hello_of(R"({"voice":"cedar"})");
    const auto own = hello_of(R"({"voice":{"id":"voice_1"}})");
    REQUIRE(usual.size() > voice_rate_hz / 4);
    CHECK(static_cast<double>(usual.size()) / static_cast<double>(fast.size()) ==
          doctest::Approx(1.5).epsilon(0.15));
    CHECK(audio::mel_similarity(usual, own, voice_rate_hz) > 0.95);
    CHECK(audio::mel_similarity(usual, low, voice_rate_hz) < 0.9);
  }
}

}  // namespace
}  // namespace offhook::sim
