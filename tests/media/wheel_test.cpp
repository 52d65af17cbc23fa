#include "media/wheel.hpp"

#include <doctest/doctest.h>

#include "loopback.hpp"

using namespace offhook::media;
using namespace offhook::media::testing;

namespace {

const Wheel::Clock::time_point began{1'000s};

/// A stream that no thread runs: the test turns the wheel.
struct IdleStream {
  explicit IdleStream(std::uint16_t remote_port)
      : stream{sockets(), make_setup(config(remote_port), nullptr, AF_INET).value(), port, began} {}
  SoundPort port;
  MediaStream stream;
};

}  // namespace

TEST_SUITE("Wheel") {
  TEST_CASE("gives each stream a turn every 20 ms, by the clock and not by when it was looked at") {
    HandPeer peer;
    IdleStream one{peer.port()};
    Wheel wheel{began};
    wheel.add(one.stream, began);
    CHECK(wheel.next_due() == began + 20ms);
    wheel.run(began + 19ms);
    CHECK(one.port.calls == 0);
    wheel.run(began + 27ms);  // late, once
    CHECK(one.port.calls == 1);
    CHECK(wheel.next_due() == began + 40ms);
    wheel.run(began + 40ms);
    CHECK(one.port.calls == 2);
  }

  TEST_CASE("spreads 32 streams over the 20 ms") {
    HandPeer peer;
    std::vector<std::unique_ptr<IdleStream>> all;
    Wheel wheel{began};
    for (int i = 0; i < 32; ++i) {
      all.push_back(std::make_unique<IdleStream>(peer.port()));
      wheel.add(all.back()->stream, began);
    }
    const auto turns = [&] {
      int sum = 0;
      for (const auto& one : all) {
        sum += one->port.calls;
      }
      return sum;
    };
    for (int slot = 0; slot < 16; ++slot) {
      wheel.run(began + 20ms + slot * 1'250us);
      CHECK(turns() == 2 * (slot + 1));
    }
    for (const auto& one : all) {
      wheel.remove(one->stream);
    }
    CHECK(wheel.empty());
  }

  TEST_CASE("catches up with at most three frames and skips the rest, without gap in the numbers") {
    HandPeer peer;
    IdleStream one{peer.port()};
    Wheel wheel{began};
    wheel.add(one.stream, began);
    wheel.run(began + 20ms);
    wheel.run(began + 220ms);  // ten turns are due
    CHECK(one.port.calls == 1 + 3);
    CHECK(one.stream.stats().frames_skipped == 7);
    CHECK(wheel.next_due() == began + 240ms);

    std::vector<RtpHeader> sent;
    for (int i = 0; i < 4; ++i) {
      std::vector<std::uint8_t> packet;
      REQUIRE(eventually([&] {
        packet = peer.receive();
        return !packet.empty();
      }));
      sent.push_back(parse_rtp(packet)->header);
    }
    CHECK(sent[1].sequence - sent[0].sequence == 1);
    CHECK(sent[1].timestamp - sent[0].timestamp == 8 * 160);
    CHECK(sent[1].marker);
    CHECK(sent[3].timestamp - sent[1].timestamp == 2 * 160);
  }
}
