// Input: one SRTP or SRTCP packet as it comes from the network, of a sender without our key. The
// same bytes are also protected and taken back, as far as they are an RTP packet.
#include <algorithm>
#include <vector>

#include "expect.hpp"
#include "media/rtp_packet.hpp"
#include "media/srtp.hpp"

namespace {

using namespace offhook::media;
using Bytes = std::vector<std::uint8_t>;

Bytes with_room(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(size + srtp_trailer_bytes);
  std::copy_n(data, size, bytes.begin());
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SrtpMaster master{};
  master.fill(0x42);
  constexpr auto suite = SrtpSuite::aes_cm_128_hmac_sha1_80;
  auto sender = SrtpSender::create(suite, master);
  auto receiver = SrtpReceiver::create(suite, master);
  FUZZ_EXPECT(sender && receiver);

  Bytes forged = with_room(data, size);
  FUZZ_EXPECT(receiver->unprotect(forged, size).verdict != SrtpVerdict::accepted);
  forged = with_room(data, size);
  FUZZ_EXPECT(receiver->unprotect_rtcp(forged, size).verdict != SrtpVerdict::accepted);

  Bytes packet = with_room(data, size);
  const std::size_t sealed = sender->protect(packet, size);
  FUZZ_EXPECT((sealed != 0) == rtp_header_length({data, size}).has_value());
  if (sealed != 0) {
    packet.resize(sealed + srtp_trailer_bytes);
    const auto opened = receiver->unprotect(packet, sealed);
    FUZZ_EXPECT(opened.verdict == SrtpVerdict::accepted && opened.length == size);
    FUZZ_EXPECT(std::equal(data, data + size, packet.begin()));
  }
  packet = with_room(data, size);
  if (const std::size_t report = sender->protect_rtcp(packet, size); report != 0) {
    packet.resize(report + srtp_trailer_bytes);
    const auto opened = receiver->unprotect_rtcp(packet, report);
    FUZZ_EXPECT(opened.verdict == SrtpVerdict::accepted && opened.length == size);
    FUZZ_EXPECT(std::equal(data, data + size, packet.begin()));
  }
  return 0;
}
