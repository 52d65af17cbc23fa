#include "audio/device/device.hpp"

#include <cstdlib>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "audio/device/frame_exchange.hpp"

using offhook::Errc;
using offhook::audio::Frame;
using offhook::audio::FrameExchange;
namespace audio = offhook::audio;

namespace {

Frame numbered(int number) {
  Frame frame;
  frame.silence(8'000);
  frame.storage[0] = static_cast<std::int16_t>(number);
  return frame;
}

int play(FrameExchange& exchange) {
  Frame frame;
  exchange.next_to_play(frame);
  CHECK(frame.size == 160);
  return frame.storage[0];
}

int send(FrameExchange& exchange, int received = 0) {
  Frame frame = numbered(0);
  exchange.exchange(numbered(received), frame);
  return frame.storage[0];
}

}  // namespace

TEST_SUITE("frame exchange") {
  TEST_CASE("carries frames both ways, in order") {
    FrameExchange exchange{8'000};
    CHECK(send(exchange, 1) == 0);
    CHECK(play(exchange) == 1);
    exchange.captured(numbered(7));
    exchange.captured(numbered(8));
    CHECK(send(exchange, 2) == 7);
    CHECK(send(exchange, 3) == 8);
    CHECK(play(exchange) == 2);
    CHECK(play(exchange) == 3);
  }

  TEST_CASE("gives silence where nothing came") {
    FrameExchange exchange{8'000};
    CHECK(play(exchange) == 0);
    CHECK(send(exchange) == 0);
  }

  TEST_CASE("keeps nothing of what was captured before the call") {
    FrameExchange exchange{8'000};
    for (int i = 1; i <= 20; ++i) {
      exchange.captured(numbered(i));
    }
    CHECK(send(exchange) == 0);
    exchange.captured(numbered(21));
    CHECK(send(exchange) == 21);
  }

  TEST_CASE("drops the oldest when one clock runs ahead, so that delay stays below 80 ms") {
    FrameExchange exchange{8'000};
    send(exchange);
    play(exchange);
    for (int i = 1; i <= 5; ++i) {
      exchange.captured(numbered(i));
      send(exchange, 100 + i);
      exchange.captured(numbered(10 + i));
    }
    for (int i = 1; i <= 5; ++i) {
      exchange.captured(numbered(20 + i));
    }
    CHECK(send(exchange) > 20);
    CHECK(play(exchange) >= 103);
  }
}

TEST_SUITE("sound device") {
  TEST_CASE("tells what to do when there is none") {
    setenv("PULSE_SERVER", "unix:/nonexistent/pulse", 1);
    const auto device = audio::open_default_device(16'000);
    REQUIRE_FALSE(device.has_value());
    const bool built = device.error().code == Errc::not_found;
    CHECK((built || device.error().code == Errc::unsupported));
    CHECK(device.error().detail.find(built ? "--audio FILE or --audio null" : "libpulse-dev") !=
          std::string::npos);
  }
}
