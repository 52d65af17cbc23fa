// Input: one compound RTCP packet as it comes from the network.
#include <array>

#include "expect.hpp"
#include "media/rtcp.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offhook::media;
  const auto received = parse_rtcp({data, size});
  if (!received) {
    return 0;
  }
  FUZZ_EXPECT(size >= 8 && size % 4 == 0);
  FUZZ_EXPECT(received->report_count <= received->reports.size());
  FUZZ_EXPECT(received->cname.size() <= size);
  for (std::size_t i = 0; i < received->report_count; ++i) {
    const auto ms = round_trip_ms(received->reports[i], NtpTime{0x8000'0000'0000'0000});
    FUZZ_EXPECT(!ms || *ms >= 0);
  }
  // What was understood means the same when we write it.
  RtcpCompound compound{.ssrc = received->ssrc,
                        .sender = received->sender,
                        .cname = received->cname,
                        .bye = received->bye};
  if (received->report_count > 0) {
    compound.report = received->reports[0];
  }
  std::array<std::uint8_t, max_rtcp_bytes> written{};
  const std::size_t length = build_rtcp(compound, written);
  const auto again = parse_rtcp(std::span{written}.first(length));
  FUZZ_EXPECT(again && again->ssrc == received->ssrc && again->cname == received->cname);
  FUZZ_EXPECT(again->bye == received->bye &&
              again->sender.has_value() == received->sender.has_value());
  FUZZ_EXPECT(!compound.report ||
              again->reports[0].cumulative_lost == compound.report->cumulative_lost);
  return 0;
}
