#include "sim/model.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "base/json.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;

/// What the media thread does in so many milliseconds.
void play_on(Speaker& speaker, int ms) {
  for (int played = 0; played < ms; played += 20) {
    audio::Frame received;
    audio::Frame to_send;
    received.silence(voice_rate_hz);
    to_send.silence(voice_rate_hz);
    speaker.exchange(received, to_send);
  }
}

TEST_SUITE("Model") {
  TEST_CASE("tells the end of its speech although the last of it is played during its look") {
    boost::asio::io_context context;
    Speaker speaker;
    Voice voice{context.get_executor(), "slt"};
    std::vector<std::string> types;
    ModelHooks hooks;
    hooks.send = [&](const boost::json::object& event) {
      types.emplace_back(json_string(boost::json::value(event), "type"));
      if (types.back() == "output_audio_buffer.started") {
        play_on(speaker, 20'000);  // a control thread that sleeps here for long
      }
    };
    SessionOptions options{Persona{{}}, Ids{7}};
    Time now = std::chrono::steady_clock::now();
    options.now = now;
    const auto model = std::make_shared<Model>(
        SessionConfig::from_accept(boost::json::parse(R"({"type":"realtime"})"),
                                   audio::CodecId::pcmu)
            .value(),
        std::move(options), Hearing{ScriptRecogniser{{}}, nullptr, false}, speaker, voice,
        std::move(hooks));
    model->on_client_event(
        R"({"type":"response.create","response":{"instructions":"Say \"Hello there.\""}})");
    const auto work = boost::asio::make_work_guard(context);
    bool spoken = false;  // all of the sentence: what is asked for first is spoken first
    voice.speak({}, Voice::not_stopped(), [&](const auto& /*nothing*/) { spoken = true; });
    while (!spoken) {
      REQUIRE(context.run_one_for(60s) == 1);
    }
    for (int i = 0; i < 50; ++i) {  // its words, so that all of it is queued
      model->tick(now += 20ms);
    }
    play_on(speaker, 20);
    for (int i = 0; i < 50; ++i) {
      model->tick(now += 20ms);
    }
    REQUIRE(std::count(types.begin(), types.end(), "response.done") == 1);
    CHECK(std::count(types.begin(), types.end(), "output_audio_buffer.stopped") == 1);
  }
}

}  // namespace
}  // namespace offhook::sim
