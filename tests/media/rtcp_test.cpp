#include "media/rtcp.hpp"

#include <array>
#include <chrono>
#include <vector>

#include <doctest/doctest.h>

using namespace offhook::media;
using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;

namespace {

Bytes build(const RtcpCompound& compound) {
  std::array<std::uint8_t, max_rtcp_bytes> buffer{};
  const std::size_t length = build_rtcp(compound, buffer);
  return {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(length)};
}

const ReportBlock block{.ssrc = 0x11223344,
                        .fraction_lost = 64,
                        .cumulative_lost = -3,
                        .highest_sequence = 0x0001fffe,
                        .jitter = 77,
                        .last_report = 0xaabbccdd,
                        .delay_since_last_report = 65'536};

}  // namespace

TEST_SUITE("RTCP compound packet") {
  TEST_CASE("carries a sender report, a report block, the CNAME and BYE") {
    const Bytes bytes = build({.ssrc = 0x0a0b0c0d,
                               .sender = SenderInfo{.ntp = NtpTime{0x0102030405060708},
                                                    .rtp_timestamp = 9,
                                                    .packets = 10,
                                                    .octets = 11},
                               .report = block,
                               .cname = "caller@example",
                               .bye = true});
    const auto received = parse_rtcp(bytes);
    REQUIRE(received.has_value());
    CHECK(received->ssrc == 0x0a0b0c0d);
    REQUIRE(received->sender.has_value());
    CHECK(received->sender->ntp.value() == 0x0102030405060708);
    CHECK(received->sender->rtp_timestamp == 9);
    CHECK(received->sender->packets == 10);
    CHECK(received->sender->octets == 11);
    REQUIRE(received->report_count == 1);
    CHECK(received->reports[0].ssrc == block.ssrc);
    CHECK(received->reports[0].fraction_lost == 64);
    CHECK(received->reports[0].cumulative_lost == -3);
    CHECK(received->reports[0].highest_sequence == 0x0001fffe);
    CHECK(received->reports[0].jitter == 77);
    CHECK(received->reports[0].last_report == 0xaabbccdd);
    CHECK(received->reports[0].delay_since_last_report == 65'536);
    CHECK(received->cname == "caller@example");
    CHECK(received->bye);
  }

  TEST_CASE("without anything sent is a receiver report, byte for byte as in RFC 3550") {
    CHECK(build({.ssrc = 1, .cname = "ab"}) ==
          Bytes{0x80, 201, 0, 1, 0, 0, 0, 1,                                // RR without blocks
                0x81, 202, 0, 3, 0, 0, 0, 1, 1, 2, 'a', 'b', 0, 0, 0, 0});  // SDES
  }

  TEST_CASE("always ends its SDES with a zero, at every length of the CNAME") {
    const std::string name(300, 'n');
    for (std::size_t length = 0; length <= name.size(); ++length) {
      const Bytes bytes = build({.ssrc = 1, .cname = std::string_view{name}.substr(0, length)});
      CAPTURE(length);
      CHECK(bytes.size() % 4 == 0);
      CHECK(bytes.back() == 0);
      const auto received = parse_rtcp(bytes);
      REQUIRE(received.has_value());
      CHECK(received->cname.size() == std::min<std::size_t>(length, 255));
    }
  }

  TEST_CASE("of unknown types is read past them") {
    Bytes bytes = build({.ssrc = 1, .report = block});
    const Bytes application{0x80, 204, 0, 2, 0, 0, 0, 1, 'n', 'a', 'm', 'e'};
    bytes.insert(bytes.end(), application.begin(), application.end());
    const auto received = parse_rtcp(bytes);
    REQUIRE(received.has_value());
    CHECK(received->report_count == 1);
  }

  TEST_CASE("is refused when cut short, of another version, or begun by another type") {
    const Bytes good = build({.ssrc = 1, .sender = SenderInfo{}, .report = block, .cname = "x"});
    for (std::size_t length = 0; length < good.size(); ++length) {
      CAPTURE(length);
      const bool whole_first_packet = length == 52;  // SR with one block: valid on its own
      CHECK(parse_rtcp(std::span{good}.first(length)).has_value() == whole_first_packet);
    }
    Bytes bad = good;
    bad[0] = 0x41;
    CHECK_FALSE(parse_rtcp(bad));
    bad = good;
    bad[1] = 202;
    CHECK_FALSE(parse_rtcp(bad));
    bad = good;
    bad[0] = 0x82;  // claims two blocks
    CHECK_FALSE(parse_rtcp(bad));
  }

  TEST_CASE("keeps the first 31 report blocks when there are more") {
    Bytes bytes;
    for (int i = 0; i < 40; ++i) {
      const Bytes one = build({.ssrc = 1, .report = block});
      bytes.insert(bytes.end(), one.begin(), one.begin() + 32);
    }
    const auto received = parse_rtcp(bytes);
    REQUIRE(received.has_value());
    CHECK(received->report_count == 31);
  }
}

TEST_SUITE("RTCP round trip") {
  TEST_CASE("is what remains after the peer's delay") {
    const NtpTime sent = NtpTime::from(std::chrono::system_clock::time_point{1'700'000'000s});
    const NtpTime now = NtpTime::from(std::chrono::system_clock::time_point{1'700'000'005'250ms});
    const ReportBlock report{.last_report = sent.compact(), .delay_since_last_report = 5 * 65'536};
    const auto ms = round_trip_ms(report, now);
    REQUIRE(ms.has_value());
    CHECK(*ms == doctest::Approx(250).epsilon(0.001));
  }

  TEST_CASE("is unknown without a report of ours, and when the peer waited longer than it took") {
    CHECK_FALSE(round_trip_ms({}, NtpTime{1ULL << 40}));
    CHECK_FALSE(round_trip_ms({.last_report = 100'000, .delay_since_last_report = 70'000},
                              NtpTime{std::uint64_t{101'000} << 16}));
    const auto rounded = round_trip_ms({.last_report = 100'000, .delay_since_last_report = 1'001},
                                       NtpTime{std::uint64_t{101'000} << 16});
    REQUIRE(rounded.has_value());
    CHECK(*rounded == 0);
  }

  TEST_CASE("reads NTP time as seconds since 1900") {
    const NtpTime epoch = NtpTime::from(std::chrono::system_clock::time_point{500ms});
    CHECK(epoch.seconds() == 2'208'988'800);
    CHECK(epoch.fraction() == 0x80000000);
  }
}
