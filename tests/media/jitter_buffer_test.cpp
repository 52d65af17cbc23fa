#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "media/adaptive_jitter_buffer.hpp"

using namespace offhook::media;
using namespace std::chrono_literals;
namespace audio = offhook::audio;
using Clock = JitterBuffer::Clock;

namespace {

constexpr int rate_hz = 8'000;
constexpr std::int16_t made_up = -1;

/// Takes payloads whose first two bytes are a number, and gives that number as every sample.
class NumberDecoder final : public audio::Decoder {
 public:
  explicit NumberDecoder(bool quiet) : quiet_{quiet} {}
  bool decode(std::span<const std::uint8_t> payload, audio::Frame& frame) noexcept override {
    frame.silence(rate_hz);
    const int number = payload[0] << 8 | payload[1];
    // A loud second half, unless the stream is to be a quiet one.
    std::fill(frame.storage.begin(), frame.storage.begin() + frame.size / 2,
              static_cast<std::int16_t>(number));
    std::fill(frame.storage.begin() + frame.size / 2, frame.storage.begin() + frame.size,
              static_cast<std::int16_t>(quiet_ ? 0 : 20'000));
    return payload[0] != 0xff;
  }
  bool conceal(std::span<const std::uint8_t> /*next*/, audio::Frame& frame) noexcept override {
    frame.silence(rate_hz);
    std::fill_n(frame.storage.begin(), frame.size, made_up);
    return false;
  }

 private:
  bool quiet_;
};

/// A network in simulated time: packets that are sent arrive when they are told to, frames are
/// taken every 20 ms.
class Simulation {
 public:
  explicit Simulation(bool quiet = false)
      : buffer_{std::make_unique<NumberDecoder>(quiet), audio::codec_info(audio::CodecId::pcmu),
                rate_hz} {}

  struct Sent {
    int number = 0;
    Clock::duration arrival{};  ///< Since the beginning.
    int sequence = 0;
    std::uint32_t timestamp = 0;
    bool marker = false;
    std::uint32_t ssrc = 1;
  };
  void packet(const Sent& sent) { in_flight_.emplace(sent.arrival, sent); }
  /// Packet `n` leaves at 20 ms * n.
  void packet(int n, Clock::duration delay) {
    packet({.number = n,
            .arrival = n * 20ms + delay,
            .sequence = n,
            .timestamp = static_cast<std::uint32_t>(n) * 160});
  }

  /// Takes frames up to `end`. @return the number in each: 0 for silence, `made_up`.
  std::vector<int> run(Clock::duration end) {
    std::vector<int> played;
    for (; now_ < end; now_ += 20ms) {
      while (!in_flight_.empty() && in_flight_.begin()->first <= now_) {
        insert(in_flight_.begin()->second);
        in_flight_.erase(in_flight_.begin());
      }
      audio::Frame frame;
      buffer_.next_frame(frame, began_ + now_);
      REQUIRE(frame.size == 160);
      played.push_back(frame.storage[0]);
    }
    return played;
  }
  [[nodiscard]] JitterBufferStats stats() const { return buffer_.stats(); }
  AdaptiveJitterBuffer& buffer() { return buffer_; }

 private:
  void insert(const Sent& sent) {
    std::array<std::uint8_t, 160> payload{};
    payload[0] = static_cast<std::uint8_t>(sent.number >> 8);
    payload[1] = static_cast<std::uint8_t>(sent.number);
    const RtpHeader header{.marker = sent.marker,
                           .sequence = SequenceNumber{static_cast<std::uint16_t>(sent.sequence)},
                           .timestamp = RtpTimestamp{sent.timestamp},
                           .ssrc = sent.ssrc};
    buffer_.insert({.header = header, .payload = payload}, began_ + sent.arrival);
  }

  AdaptiveJitterBuffer buffer_;
  Clock::time_point began_{1'000s};
  Clock::duration now_ = 5ms;
  std::multimap<Clock::duration, Sent> in_flight_;
};

/// The same pseudo-random numbers in every run, from 0 to `limit` - 1.
class Dice {
 public:
  int roll(int limit) {
    state_ = state_ * 1'664'525U + 1'013'904'223U;
    return static_cast<int>((state_ >> 8) % static_cast<std::uint32_t>(limit));
  }

 private:
  std::uint32_t state_ = 1;
};

/// Without the silence at both ends.
std::vector<int> trimmed(std::vector<int> played) {
  played.erase(played.begin(), std::ranges::find_if(played, [](int n) { return n != 0; }));
  while (!played.empty() && (played.back() == 0 || played.back() == made_up)) {
    played.pop_back();
  }
  return played;
}

std::vector<int> numbers(int first, int last) {
  std::vector<int> all;
  for (int n = first; n <= last; ++n) {
    all.push_back(n);
  }
  return all;
}

double percent_concealed(const JitterBufferStats& stats) {
  return 100.0 * static_cast<double>(stats.concealed) / static_cast<double>(stats.played);
}

}  // namespace

TEST_SUITE("Adaptive jitter buffer") {
  TEST_CASE("on a steady network plays every packet once, in order, at most 30 ms late") {
    for (const auto phase : {0ms, 4ms, 8ms, 12ms, 16ms}) {
      Simulation network;
      for (int n = 1; n <= 500; ++n) {
        network.packet(n, 40ms + phase);
      }
      CAPTURE(phase.count());
      CHECK(trimmed(network.run(10'500ms)) == numbers(1, 500));
      CHECK(network.stats().concealed == 0);
      CHECK(network.stats().late == 0);
      CHECK(network.stats().delay_ms >= 10);
      CHECK(network.stats().delay_ms <= 30);
    }
  }

  TEST_CASE("puts reordered packets in order and plays duplicates once") {
    Simulation network;
    for (int n = 1; n <= 100; ++n) {
      network.packet(n, n % 10 == 5 ? 29ms : 0ms);  // overtaken by the next
      if (n % 7 == 0) {
        network.packet(n, 1ms);
      }
    }
    const auto played = trimmed(network.run(2'200ms));
    std::vector<int> real;
    std::ranges::copy_if(played, std::back_inserter(real), [](int n) { return n > 0; });
    CHECK(std::ranges::is_sorted(real));
    CHECK(std::ranges::adjacent_find(real) == real.end());
    CHECK(real.size() >= 96);
  }

  TEST_CASE("conceals a lost packet once and loses no time by it") {
    Simulation network;
    std::vector<int> expected;
    for (int n = 1; n <= 300; ++n) {
      if (n % 50 == 25) {
        expected.push_back(made_up);
        continue;
      }
      expected.push_back(n);
      network.packet(n, 3ms);
    }
    CHECK(trimmed(network.run(6'200ms)) == expected);
    CHECK(network.stats().concealed == 6);
    CHECK(network.stats().played == 300);
  }

  TEST_CASE("holds packets as long as the network's jitter needs, and then conceals little") {
    Dice dice;
    Simulation network;
    for (int n = 1; n <= 2'000; ++n) {
      network.packet(n, std::chrono::milliseconds{dice.roll(60)});
    }
    network.run(40'000ms);
    CHECK(percent_concealed(network.stats()) <= 1.5);
    CHECK(network.stats().delay_ms >= 50);
    CHECK(network.stats().delay_ms <= 110);
  }

  TEST_CASE("survives a path that becomes 120 ms longer, and returns when it is short again") {
    Simulation network;
    for (int n = 1; n <= 2'000; ++n) {
      network.packet(n, n > 500 && n <= 1'000 ? 120ms : 0ms);
    }
    network.run(40'000ms);
    CHECK(percent_concealed(network.stats()) <= 1.5);
    CHECK(network.stats().delay_ms <= 60);
  }

  TEST_CASE("survives stalls that end in bursts") {
    Dice dice;
    Simulation network;
    Clock::duration stalled_until{};
    for (int n = 1; n <= 3'000; ++n) {
      const Clock::duration sent = n * 20ms;
      if (dice.roll(100) == 0) {
        stalled_until = sent + std::chrono::milliseconds{80 + dice.roll(120)};
      }
      network.packet(n, std::max(stalled_until - sent, Clock::duration{0}));
    }
    network.run(60'000ms);
    CHECK(percent_concealed(network.stats()) <= 2.5);
    CHECK(network.stats().delay_ms <= 280);
  }

  TEST_CASE("follows a peer whose clock is 300 ppm off, for an hour, without growing delay") {
    for (const int ppm : {-300, 300}) {
      Simulation network{true};
      double longest_ms = 0;
      for (int n = 1; n <= 180'000; ++n) {
        network.packet(n,
                       std::chrono::microseconds{std::int64_t{n} * 20'000 * ppm / 1'000'000} + 2s);
        if (n % 500 == 0) {
          network.run(n * 20ms);
          longest_ms = std::max(longest_ms, network.stats().delay_ms);
        }
      }
      CAPTURE(ppm);
      CHECK(longest_ms <= 50);
      CHECK(percent_concealed(network.stats()) <= 1.0);
      CHECK(network.stats().late == 0);
    }
  }

  TEST_CASE(
      "begins every talk spurt with a short delay, whether timestamps went on or stood still") {
    for (const bool timestamps_go_on : {true, false}) {
      Simulation network;
      int sequence = 0;
      std::uint32_t timestamp = 1'000;
      for (int spurt = 0; spurt < 5; ++spurt) {
        for (int n = 0; n < 100; ++n) {
          network.packet({.number = 1 + spurt * 100 + n,
                          .arrival = spurt * 6'000ms + n * 20ms,
                          .sequence = sequence++,
                          .timestamp = timestamp,
                          .marker = n == 0});
          timestamp += 160;
        }
        if (timestamps_go_on) {
          timestamp += 4'000 * 8;
        }
        const auto played = network.run((spurt + 1) * 6'000ms);
        std::vector<int> real;
        std::ranges::copy_if(played, std::back_inserter(real), [](int n) { return n > 0; });
        CAPTURE(timestamps_go_on);
        CAPTURE(spurt);
        CHECK(real == numbers(1 + spurt * 100, 100 + spurt * 100));
        CHECK(network.stats().delay_ms <= 50);
      }
      CHECK(network.stats().concealed == 0);
    }
  }

  TEST_CASE("goes on after timestamps jump, forwards or backwards, and after another SSRC") {
    Simulation network;
    int sequence = 0;
    int number = 0;
    const auto spurt = [&](int begin_ms, std::uint32_t timestamp, std::uint32_t ssrc) {
      for (int n = 0; n < 100; ++n) {
        network.packet({.number = ++number,
                        .arrival = begin_ms * 1ms + n * 20ms,
                        .sequence = sequence++,
                        .timestamp = timestamp + static_cast<std::uint32_t>(n) * 160,
                        .ssrc = ssrc});
      }
    };
    spurt(0, 5'000'000, 1);
    spurt(2'000, 9'000'000, 1);
    spurt(4'000, 100, 1);
    spurt(6'000, 0xffffff00, 2);  // wraps on its way
    const auto played = network.run(8'200ms);
    const auto heard = std::ranges::count_if(played, [](int n) { return n > 0; });
    CHECK(heard >= 400 - 3 * 4);
    CHECK(std::ranges::count(played, 400) == 1);
    CHECK(network.stats().delay_ms <= 50);
  }

  TEST_CASE("keeps its bounds in a burst of 2000 packets and plays on from the newest") {
    Simulation network;
    for (int n = 1; n <= 2'000; ++n) {
      network.packet({.number = n,
                      .arrival = 0ms,
                      .sequence = n,
                      .timestamp = static_cast<std::uint32_t>(n) * 160});
    }
    for (int n = 2'001; n <= 3'500; ++n) {
      network.packet({.number = n,
                      .arrival = (n - 2'000) * 20ms,
                      .sequence = n,
                      .timestamp = static_cast<std::uint32_t>(n) * 160});
    }
    const auto played = network.run(30'100ms);
    CHECK(std::ranges::count_if(played, [](int n) { return n > 2'000; }) >= 1'440);
    CHECK(std::ranges::count(played, 3'500) == 1);
    CHECK(network.stats().delay_ms <= 60);
    CHECK(network.stats().discarded >= 1'900);
  }

  TEST_CASE("shortens the delay in silence, a frame at a time") {
    Simulation network{true};
    for (int n = 1; n <= 1'500; ++n) {
      network.packet(n, n < 10 ? std::chrono::milliseconds{200 - 20 * n} : 0ms);
    }
    network.run(30'000ms);
    CHECK(network.stats().delay_ms <= 40);
    CHECK(percent_concealed(network.stats()) <= 0.5);
  }

  TEST_CASE("joins and cuts packets of other lengths than 20 ms") {
    for (const std::size_t packet_ms : {10U, 20U, 30U, 60U}) {
      Simulation network;
      std::vector<int> played;
      std::vector<std::uint8_t> payload(packet_ms * 8);
      const int packets = 3'000 / static_cast<int>(packet_ms);
      int frames = 0;
      for (int n = 0; n < packets; ++n) {
        const auto at = Clock::time_point{1'000s} + n * std::chrono::milliseconds{packet_ms};
        const RtpHeader header{
            .sequence = SequenceNumber{static_cast<std::uint16_t>(n)},
            .timestamp = RtpTimestamp{static_cast<std::uint32_t>(n) *
                                      static_cast<std::uint32_t>(packet_ms) * 8}};
        std::ranges::fill(payload, std::uint8_t{0x12});
        network.buffer().insert({.header = header, .payload = payload}, at);
        for (; frames * 20 < (n + 1) * static_cast<int>(packet_ms); ++frames) {
          audio::Frame frame;
          network.buffer().next_frame(frame, Clock::time_point{1'000s} + frames * 20ms);
          played.push_back(frame.storage[0]);
        }
      }
      CAPTURE(packet_ms);
      CHECK(std::ranges::count(played, 0x1212) >= 130);
      CHECK(network.stats().concealed <= 4);
    }
  }

  TEST_CASE("counts a payload that the decoder cannot read") {
    Simulation network;
    for (int n = 1; n <= 20; ++n) {
      network.packet({.number = n == 10 ? 0xff00 : n,
                      .arrival = n * 20ms,
                      .sequence = n,
                      .timestamp = static_cast<std::uint32_t>(n) * 160});
    }
    network.run(500ms);
    CHECK(network.stats().discarded == 1);
    CHECK(network.stats().concealed == 1);
  }
}
