#include "media/receiver_stats.hpp"

#include <doctest/doctest.h>

using namespace offhook::media;
using namespace std::chrono_literals;
using Arrival = ReceiverStats::Arrival;

namespace {

/// A stream of 20 ms packets at 8 kHz: sequence `n` is stamped 160 n.
struct Source {
  ReceiverStats stats{};
  ReceiverStats::Clock::time_point began{1'000s};

  Arrival packet(int n, std::chrono::microseconds delay = 0us) {
    const RtpHeader header{.sequence = SequenceNumber{static_cast<std::uint16_t>(n)},
                           .timestamp = RtpTimestamp{static_cast<std::uint32_t>(n * 160)}};
    return stats.on_packet(header, began + n * 20ms + delay, 8'000);
  }
};

}  // namespace

TEST_SUITE("Receiver statistics") {
  TEST_CASE("count what is missing, over the wrap of the sequence number") {
    Source source;
    for (int n = 65'000; n < 66'000; ++n) {
      if (n % 10 != 3) {
        source.packet(n);
      }
    }
    CHECK(source.stats.lost() == 100);
    const ReportBlock report = source.stats.make_report(7, 8'000, source.began);
    CHECK(report.ssrc == 7);
    CHECK(report.cumulative_lost == 100);
    CHECK(report.fraction_lost == 25);  // 10 % of 256
    CHECK(report.highest_sequence == 65'999);
  }

  TEST_CASE("tell the fraction lost since the last report only") {
    Source source;
    for (int n = 0; n < 100; ++n) {
      if (n % 2 == 0) {
        source.packet(n);
      }
    }
    CHECK(source.stats.make_report(1, 8'000, source.began).fraction_lost == 126);  // 49 of 99
    for (int n = 100; n < 200; ++n) {
      source.packet(n);
    }
    CHECK(source.stats.make_report(1, 8'000, source.began).fraction_lost == 2);  // only 99
    CHECK(source.stats.make_report(1, 8'000, source.began).fraction_lost == 0);
  }

  TEST_CASE("do not take reordered packets for lost, nor duplicates for packets") {
    Source source;
    for (const int n : {10, 12, 11, 13}) {
      source.packet(n);
    }
    CHECK(source.packet(11) == Arrival::duplicate);
    CHECK(source.packet(13) == Arrival::duplicate);
    CHECK(source.packet(9) == Arrival::reordered);
    CHECK(source.packet(14) == Arrival::in_order);
    CHECK(source.stats.lost() == 0);
    CHECK(source.stats.make_report(1, 8'000, source.began).cumulative_lost == 0);
  }

  TEST_CASE("begin anew when two packets confirm a jump, and keep the losses before it") {
    Source source;
    source.packet(100);
    source.packet(105);
    CHECK(source.packet(30'000) == Arrival::jumped);
    CHECK(source.packet(106) == Arrival::in_order);
    CHECK(source.packet(40'000) == Arrival::jumped);
    CHECK(source.packet(40'001) == Arrival::restarted);
    CHECK(source.packet(40'002) == Arrival::in_order);
    CHECK(source.stats.lost() == 4);
  }

  TEST_CASE("take a steady delay for no jitter and a varying one for jitter (RFC 3550 A.8)") {
    Source steady;
    Source varying;
    for (int n = 0; n < 500; ++n) {
      steady.packet(n, 40ms);
      varying.packet(n, n % 2 == 0 ? 0us : 8'000us);
    }
    CHECK(steady.stats.jitter_ms() == doctest::Approx(0));
    CHECK(varying.stats.jitter_ms() == doctest::Approx(8).epsilon(0.01));
    CHECK(varying.stats.make_report(1, 8'000, varying.began).jitter >= 63);  // ticks of 1/8 ms
  }

  TEST_CASE("give the time of the peer's last report and how long ago it came") {
    Source source;
    source.packet(0);
    source.stats.on_sender_report(NtpTime{0x1111222233334444}, source.began + 1s);
    const ReportBlock report = source.stats.make_report(1, 8'000, source.began + 3'500ms);
    CHECK(report.last_report == 0x22223333);
    CHECK(report.delay_since_last_report == 65'536 * 5 / 2);
  }
}
