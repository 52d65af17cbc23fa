#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "audio/similarity.hpp"
#include "audio/speech.hpp"
#include "base/random.hpp"
#include "phone.hpp"
#include "sim_fixture.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;

const std::string session = R"({"type":"realtime","model":"gpt-realtime-2.1","instructions":"Hi"})";
constexpr std::string_view greeting = "Hello caller, you have reached the simulator.";
constexpr std::string_view goodbye = "It was very nice to talk to you, goodbye.";

std::string say(std::string_view text) {
  return R"({"type":"response.create","response":{"instructions":"Say )" + std::string{text} +
         R"("}})";
}

struct ReplayFolder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("offhook-replay-" + random_hex(16));
  ReplayFolder() { std::filesystem::create_directories(path); }
  ReplayFolder(const ReplayFolder&) = delete;
  ReplayFolder& operator=(const ReplayFolder&) = delete;
  ~ReplayFolder() { std::filesystem::remove_all(path); }
};

/// What a controller and a caller got out of a call.
struct Outcome {
  std::vector<std::string> types;
  double greeting = 0;  ///< How alike the caller's sound is to what was said.
  double goodbye = 0;
};

double alike(std::string_view text, const Phone& phone) {
  return audio::mel_similarity(audio::speak(text, "slt", voice_rate_hz)->sound.samples,
                               phone.port.heard(), voice_rate_hz);
}

Outcome converse(SimWorld& world) {
  Phone phone{world, {"PCMU"}, sip::SdpProfile::savp};
  phone.dial();
  const std::string id = world.take_call().call_id;
  CHECK(world.post(id, "accept", session).status == 200);
  const auto sideband = world.observe(id);
  phone.talk();
  std::size_t heard = 0;
  for (const std::string_view text : {greeting, goodbye}) {
    world.send(*sideband, say(text));
    heard = world.wait_for(*sideband, "output_audio_buffer.stopped", heard) + 1;
  }
  world.pass(200ms);
  CHECK(world.post(id, "hangup").status == 200);
  world.run_until([&] { return sideband->over; });
  Outcome outcome;
  for (const auto& event : sideband->events) {
    outcome.types.emplace_back(json_string(event, "type"));
  }
  outcome.greeting = alike(greeting, phone);
  outcome.goodbye = alike(goodbye, phone);
  return outcome;
}

TEST_SUITE("Replay by the sim") {
  TEST_CASE("a call that was recorded is replayed: the same events and the same sound") {
    const ReplayFolder folder;
    Outcome recorded;
    {
      SimConfig config;
      config.record = folder.path.string();
      SimWorld world{std::move(config)};
      recorded = converse(world);
    }
    CHECK(recorded.greeting >= 0.9);
    SimConfig config;
    config.replay = load_fixtures({folder.path.string()}).value();
    REQUIRE(config.replay.size() == 1);
    SimWorld world{std::move(config)};
    const Outcome replayed = converse(world);
    CHECK(replayed.types == recorded.types);
    CHECK(replayed.greeting >= 0.9);
    CHECK(replayed.goodbye >= 0.9);
    CHECK(world.marked("replay"));
    CHECK(world.marked("replay.ended"));
    CHECK_FALSE(world.marked("replay.departed"));
  }
}

}  // namespace
}  // namespace offhook::sim
