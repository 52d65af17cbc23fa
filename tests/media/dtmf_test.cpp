#include "media/dtmf.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace offhook::media;
using namespace std::chrono_literals;

namespace {

std::vector<DtmfSender::Packet> send(DtmfSender& sender, std::uint32_t& now, int ticks) {
  std::vector<DtmfSender::Packet> packets;
  for (int i = 0; i < ticks; ++i, now += 160) {
    if (const auto packet = sender.tick(RtpTimestamp{now})) {
      packets.push_back(*packet);
    }
  }
  return packets;
}

/// What a receiver makes of packets that come 20 ms apart, and of 1 s of silence after them.
std::string receive(const std::vector<DtmfSender::Packet>& packets) {
  DtmfReceiver receiver;
  DtmfReceiver::Clock::time_point now{1s};
  std::string digits;
  for (const auto& packet : packets) {
    if (const auto digit = receiver.on_packet(packet.timestamp, packet.event, now += 20ms)) {
      digits += *digit;
    }
  }
  for (int i = 0; i < 50; ++i) {
    if (const auto digit = receiver.expire(now += 20ms)) {
      digits += *digit;
    }
  }
  return digits;
}

}  // namespace

TEST_SUITE("DTMF sender") {
  TEST_CASE("sends a growing event with a frozen timestamp and its end three times") {
    DtmfSender sender;
    std::uint32_t now = 5'000;
    REQUIRE(sender.push({.code = 5, .tone_ms = 100, .gap_ms = 60}));
    const auto packets = send(sender, now, 20);
    std::vector<int> durations;
    std::vector<bool> ends;
    std::vector<bool> markers;
    for (const auto& packet : packets) {
      CHECK(packet.timestamp.value() == 5'000);
      CHECK(packet.event.code == 5);
      durations.push_back(packet.event.duration);
      ends.push_back(packet.event.end);
      markers.push_back(packet.marker);
    }
    CHECK(durations == std::vector{160, 320, 480, 640, 800, 800, 800});
    CHECK(ends == std::vector{false, false, false, false, true, true, true});
    CHECK(markers == std::vector{true, false, false, false, false, false, false});
    CHECK(packets.back().finished == '5');
    CHECK_FALSE(sender.active());
  }

  TEST_CASE("keeps tone and gap between digits") {
    DtmfSender sender;
    std::uint32_t now = 0;
    REQUIRE(sender.push({.code = 1, .tone_ms = 100, .gap_ms = 60}));
    REQUIRE(sender.push({.code = 1, .tone_ms = 100, .gap_ms = 60}));
    const auto packets = send(sender, now, 40);
    REQUIRE(packets.size() == 14);
    CHECK(packets[7].timestamp - packets[0].timestamp == 160 * 8);  // 160 ms
    CHECK(packets[7].marker);
  }

  TEST_CASE("refuses digits beyond its queue") {
    DtmfSender sender;
    for (std::size_t i = 0; i < DtmfSender::queue_limit; ++i) {
      REQUIRE(sender.push({}));
    }
    CHECK_FALSE(sender.push({}));
  }
}

TEST_SUITE("DTMF receiver") {
  TEST_CASE("reports every digit of a number once") {
    DtmfSender sender;
    std::uint32_t now = 0;
    const std::string number = "0123456789*#ABCD11";
    for (const char digit : number) {
      REQUIRE(sender.push({.code = dtmf_code(digit).value()}));
    }
    CHECK(receive(send(sender, now, 400)) == number);
  }

  TEST_CASE("reports a digit whose end was lost when the next begins, or after a pause") {
    DtmfSender sender;
    std::uint32_t now = 0;
    REQUIRE(sender.push({.code = 7}));
    REQUIRE(sender.push({.code = 8}));
    std::vector<DtmfSender::Packet> without_ends;
    for (const auto& packet : send(sender, now, 40)) {
      if (!packet.event.end) {
        without_ends.push_back(packet);
      }
    }
    CHECK(receive(without_ends) == "78");
  }

  TEST_CASE("reports a digit of which a single end packet came") {
    DtmfSender sender;
    std::uint32_t now = 0;
    REQUIRE(sender.push({.code = 9}));
    const auto packets = send(sender, now, 20);
    CHECK(receive({packets.back()}) == "9");
  }

  TEST_CASE("ignores late packets of an earlier digit and events that are no digits") {
    const DtmfSender::Packet first{.event = {.code = 1, .end = true}, .timestamp = RtpTimestamp{0}};
    const DtmfSender::Packet second{.event = {.code = 2, .end = true},
                                    .timestamp = RtpTimestamp{1'600}};
    const DtmfSender::Packet flash{.event = {.code = 16, .end = true},
                                   .timestamp = RtpTimestamp{3'200}};
    CHECK(receive({first, second, first, flash, flash}) == "12");
  }

  TEST_CASE("reads and writes the body of RFC 4733") {
    std::array<std::uint8_t, telephone_event_bytes> bytes{};
    write_telephone_event({.code = 11, .end = true, .volume = 10, .duration = 800}, bytes);
    CHECK(bytes == std::array<std::uint8_t, 4>{11, 0x8a, 3, 32});
    CHECK(parse_telephone_event(bytes)->duration == 800);
    CHECK_FALSE(parse_telephone_event(std::span{bytes}.first(3)));
    CHECK(dtmf_code('d') == 15);
    CHECK_FALSE(dtmf_code('x'));
  }
}
