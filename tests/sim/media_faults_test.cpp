#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "audio/similarity.hpp"
#include "audio/speech.hpp"
#include "faulty_call.hpp"
#include "raw_phone.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;

/// What a telephone saw of some seconds of RTP.
struct Flow {
  explicit Flow(const std::string& quirk, std::size_t packets = 150) {
    SimWorld world{udp_config()};
    RawPhone phone{world};
    phone.call(quirk);
    phone.wait_for_packets(packets);
    seen = phone.packets();
    std::set<std::uint16_t> known;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      ports.insert(seen[i].port);
      sources.insert(seen[i].ssrc);
      twice += known.insert(seen[i].sequence).second ? 0 : 1;
      if (i == 0) {
        continue;
      }
      const auto step = static_cast<std::int16_t>(seen[i].sequence - seen[i - 1].sequence);
      backwards += step < 0 ? 1 : 0;
      const auto gap = seen[i].at - seen[i - 1].at;
      uneven += gap < 5ms || gap > 40ms ? 1 : 0;
    }
    const auto [first, last] =
        std::minmax_element(seen.begin(), seen.end(),
                            [](const auto& a, const auto& b) { return a.sequence < b.sequence; });
    missing = last->sequence - first->sequence + 1 - static_cast<int>(known.size());
  }

  std::vector<SeenPacket> seen;
  std::set<std::uint16_t> ports;
  std::set<std::uint32_t> sources;
  int twice = 0;
  int backwards = 0;
  int uneven = 0;
  int missing = 0;
};

TEST_SUITE("Faults of media") {
  TEST_CASE("without any, packets come once, in order, from one place") {
    const Flow flow{""};
    CHECK(flow.twice == 0);
    CHECK(flow.backwards == 0);
    CHECK(flow.missing == 0);
    CHECK(flow.ports.size() == 1);
    CHECK(flow.sources.size() == 1);
  }

  TEST_CASE("loss: packets are missing") {
    const Flow flow{"loss"};
    CHECK(flow.missing > 0);
    CHECK(flow.sources.size() == 1);
  }

  TEST_CASE("reorder: some come before earlier ones") {
    const Flow flow{"reorder"};
    CHECK(flow.backwards > 0);
    CHECK(flow.twice == 0);
  }

  TEST_CASE("duplicate-packets: some come twice") {
    const Flow flow{"duplicate-packets"};
    CHECK(flow.twice > 0);
    CHECK(flow.missing == 0);
  }

  TEST_CASE("jitter: they come unevenly") {
    const Flow flow{"jitter"};
    CHECK(flow.uneven > 20);
    CHECK(flow.backwards == 0);
    CHECK(flow.twice == 0);
  }

  TEST_CASE("ssrc-change: another SSRC from the same port") {
    const Flow flow{"ssrc-change"};
    CHECK(flow.sources.size() == 2);
    CHECK(flow.ports.size() == 1);
  }

  TEST_CASE("port-change: the same SSRC from another port") {
    const Flow flow{"port-change"};
    CHECK(flow.sources.size() == 1);
    CHECK(flow.ports.size() == 2);
  }

  TEST_CASE("an encrypted call survives both changes, and is heard before and after") {
    SimWorld world;
    FaultyCall call{world, "ssrc-change,port-change"};
    call.take();
    int changes = 0;
    world.run_until([&] {
      for (auto event = call.phone.stream->next_event(); event;
           event = call.phone.stream->next_event()) {
        changes += event->kind == media::StreamEvent::Kind::source_changed ? 1 : 0;
      }
      return changes > 0;
    });
    REQUIRE(call.phone.stream->send_digits("7"));
    world.wait_for(*call.sideband, "input_audio_buffer.dtmf_event_received");
    const auto before = call.phone.port.heard().size();
    world.send(*call.sideband,
               R"({"type":"response.create","response":{"instructions":"Say Hello there."}})");
    world.run_until([&] {
      const auto heard = call.phone.port.heard();
      return heard.size() > before + 3'200 && audio::rms_dbfs(heard.last(3'200)) > -40;
    });
    CHECK(call.phone.stream->stats().srtp_failures == 0);
  }

  TEST_CASE("silent-call: nothing flows either way") {
    SimWorld world;
    FaultyCall call{world, "silent-call"};
    call.take();
    world.run_until([&] { return call.phone.stream->stats().packets_sent > 50; });
    CHECK(call.phone.stream->stats().packets_received == 0);
    CHECK_FALSE(world.marked("media.received"));
  }

  TEST_CASE("one-way: the model hears, the caller does not") {
    SimWorld world;
    FaultyCall call{world, "one-way"};
    call.take();
    REQUIRE(call.phone.stream->send_digits("7"));
    world.wait_for(*call.sideband, "input_audio_buffer.dtmf_event_received");
    CHECK(call.phone.stream->stats().packets_received == 0);
  }

  TEST_CASE("static: noise while nobody speaks") {
    SimWorld world;
    FaultyCall call{world, "static"};
    call.take();
    world.run_until([&] {
      const auto heard = call.phone.port.heard();
      return heard.size() > 8'000 && audio::rms_dbfs(heard.last(3'200)) > -30;
    });
    CHECK_FALSE(call.sideband->find("response.created"));
  }

  TEST_CASE("phantom-speech: a silent caller is heard and answered") {
    SimWorld world;
    FaultyCall call{world, "phantom-speech"};
    call.take();
    const auto stopped = world.wait_for(*call.sideband, "input_audio_buffer.speech_stopped");
    world.wait_for(*call.sideband, "conversation.item.done", stopped);
    world.wait_for(*call.sideband, "output_audio_buffer.started", stopped);
    CHECK_FALSE(call.phone.port.saying());
  }

  TEST_CASE("wrong-voice: the first greeting is another's") {
    if (!audio::speech_available()) {
      return;
    }
    const std::string words = "Where is the order that I asked you for yesterday morning?";
    const auto usual = audio::speak(words, "slt", voice_rate_hz).value().sound.samples;
    const auto other = audio::speak(words, "rms", voice_rate_hz).value().sound.samples;
    SimWorld world;
    FaultyCall call{world, "wrong-voice"};
    call.take();
    std::size_t events = 0;
    std::size_t heard = 0;
    for (const bool first : {true, false}) {
      CAPTURE(first);
      world.send(*call.sideband, R"({"type":"response.create","response":{"instructions":"Say )" +
                                     words + R"("}})");
      events = world.wait_for(*call.sideband, "output_audio_buffer.stopped", events) + 1;
      const auto said = call.phone.port.heard().subspan(heard);
      heard += said.size();
      const double as_usual = audio::mel_similarity(usual, said, voice_rate_hz);
      const double as_other = audio::mel_similarity(other, said, voice_rate_hz);
      CHECK((as_other > as_usual) == first);
      CHECK(std::max(as_other, as_usual) > 0.9);
    }
  }
}

}  // namespace
}  // namespace offhook::sim
