#include "media/rtp_packet.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <doctest/doctest.h>

using namespace offhook::media;
using Bytes = std::vector<std::uint8_t>;

namespace {

/// Version 2, marker, type 8, sequence 0x1234, timestamp 0x01020304, SSRC 0x0a0b0c0d.
Bytes packet(std::uint8_t first_byte, const Bytes& rest) {
  const Bytes header{first_byte, 0x88, 0x12, 0x34, 1, 2, 3, 4, 10, 11, 12, 13};
  Bytes bytes(header.size() + rest.size());
  std::ranges::copy(rest, std::ranges::copy(header, bytes.begin()).out);
  return bytes;
}

Bytes payload_of(const Bytes& bytes) {
  const auto parsed = parse_rtp(bytes);
  REQUIRE(parsed.has_value());
  return {parsed->payload.begin(), parsed->payload.end()};
}

}  // namespace

TEST_SUITE("RTP packet") {
  TEST_CASE("yields the fields of the fixed header and the payload") {
    const Bytes bytes = packet(0x80, {7, 8, 9});
    const auto parsed = parse_rtp(bytes);
    REQUIRE(parsed.has_value());
    CHECK(parsed->header.marker);
    CHECK(parsed->header.payload_type == 8);
    CHECK(parsed->header.sequence.value() == 0x1234);
    CHECK(parsed->header.timestamp.value() == 0x01020304);
    CHECK(parsed->header.ssrc == 0x0a0b0c0d);
    CHECK(payload_of(bytes) == Bytes{7, 8, 9});
  }

  TEST_CASE("is written as it is read") {
    std::array<std::uint8_t, rtp_header_bytes> written{};
    const Bytes bytes = packet(0x80, {});
    write_rtp_header(parse_rtp(bytes)->header, written);
    CHECK(Bytes(written.begin(), written.end()) == bytes);
  }

  TEST_CASE("leaves contributing sources, header extension and padding out of the payload") {
    CHECK(payload_of(packet(0x82, {1, 1, 1, 1, 2, 2, 2, 2, 42})) == Bytes{42});
    CHECK(payload_of(packet(0x90, {0xbe, 0xde, 0, 1, 9, 9, 9, 9, 42})) == Bytes{42});
    CHECK(payload_of(packet(0xa0, {42, 0, 0, 3})) == Bytes{42});
    CHECK(payload_of(packet(0xa0, {0, 2})).empty());
    CHECK(payload_of(packet(0xb1, {1, 1, 1, 1, 0, 0, 0, 0, 42, 1})) == Bytes{42});
  }

  TEST_CASE("is refused when its version is not 2 or it is cut short") {
    CHECK_FALSE(parse_rtp(packet(0x40, {1})));
    CHECK_FALSE(parse_rtp(packet(0xc0, {1})));
    CHECK_FALSE(parse_rtp(Bytes(11, 0x80)));
    CHECK_FALSE(parse_rtp({}));
    CHECK_FALSE(parse_rtp(packet(0x81, {1, 1, 1})));                 // CSRC
    CHECK_FALSE(parse_rtp(packet(0x90, {0, 0, 0})));                 // extension header
    CHECK_FALSE(parse_rtp(packet(0x90, {0, 0, 0, 2, 1, 1, 1, 1})));  // extension
  }

  TEST_CASE("is refused when its padding is longer than the payload or counts zero") {
    CHECK_FALSE(parse_rtp(packet(0xa0, {1, 3})));
    CHECK_FALSE(parse_rtp(packet(0xa0, {1, 0})));
    CHECK_FALSE(parse_rtp(packet(0xa0, {})));
  }
}

TEST_SUITE("RTP sequence number and timestamp") {
  TEST_CASE("go on over their wrap") {
    CHECK(SequenceNumber{2} - SequenceNumber{65'535} == 3);
    CHECK(SequenceNumber{65'535} - SequenceNumber{2} == -3);
    CHECK(SequenceNumber{2}.newer_than(SequenceNumber{65'535}));
    CHECK_FALSE(SequenceNumber{65'535}.newer_than(SequenceNumber{2}));
    CHECK(SequenceNumber{65'535} + 2 == SequenceNumber{1});
    CHECK(RtpTimestamp{100} - RtpTimestamp{0xffffffff} == 101);
    CHECK(RtpTimestamp{100}.newer_than(RtpTimestamp{0xffffff00}));
    CHECK_FALSE(RtpTimestamp{7}.newer_than(RtpTimestamp{7}));
    CHECK(RtpTimestamp{0xffffffff} + 161 == RtpTimestamp{160});
  }
}
