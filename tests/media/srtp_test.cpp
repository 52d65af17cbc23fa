#include "media/srtp.hpp"

#include <array>
#include <vector>

#include <doctest/doctest.h>

#include "libre_srtp.hpp"
#include "media/rtp_packet.hpp"

using namespace offhook::media;
using Bytes = std::vector<std::uint8_t>;

namespace {

SrtpMaster master(std::uint8_t seed) {
  SrtpMaster bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(seed + i * 7);
  }
  return bytes;
}

Bytes rtp(int sequence, std::uint32_t ssrc = 0xdecafbad, std::size_t payload = 160) {
  Bytes bytes(rtp_header_bytes + payload, static_cast<std::uint8_t>(sequence));
  write_rtp_header({.sequence = SequenceNumber{static_cast<std::uint16_t>(sequence)},
                    .timestamp = RtpTimestamp{static_cast<std::uint32_t>(sequence) * 160},
                    .ssrc = ssrc},
                   std::span{bytes}.first<rtp_header_bytes>());
  return bytes;
}

Bytes protect(SrtpSender& sender, Bytes packet) {
  const std::size_t length = packet.size();
  packet.resize(length + srtp_trailer_bytes);
  packet.resize(sender.protect(packet, length));
  return packet;
}

Bytes protect_rtcp(SrtpSender& sender, Bytes packet) {
  const std::size_t length = packet.size();
  packet.resize(length + srtp_trailer_bytes);
  packet.resize(sender.protect_rtcp(packet, length));
  return packet;
}

/// @return the plain packet, empty unless accepted.
Bytes unprotect(SrtpReceiver& receiver,
                Bytes packet,
                SrtpVerdict expected = SrtpVerdict::accepted) {
  const std::size_t length = packet.size();
  packet.resize(length + srtp_trailer_bytes);
  const auto outcome = receiver.unprotect(packet, length);
  CHECK(outcome.verdict == expected);
  packet.resize(outcome.length);
  return packet;
}

Bytes unprotect_rtcp(SrtpReceiver& receiver,
                     Bytes packet,
                     SrtpVerdict expected = SrtpVerdict::accepted) {
  const std::size_t length = packet.size();
  packet.resize(length + srtp_trailer_bytes);
  const auto outcome = receiver.unprotect_rtcp(packet, length);
  CHECK(outcome.verdict == expected);
  packet.resize(outcome.length);
  return packet;
}

const Bytes report{0x80, 201, 0, 1, 1, 2, 3, 4, 0x81, 202, 0, 2, 1, 2, 3, 4, 1, 1, 'x', 0};

struct Pair {
  explicit Pair(SrtpSuite suite = SrtpSuite::aes_cm_128_hmac_sha1_80)
      : sender{SrtpSender::create(suite, master(1)).value()},
        receiver{SrtpReceiver::create(suite, master(1)).value()} {}
  SrtpSender sender;
  SrtpReceiver receiver;
};

constexpr std::array suites{SrtpSuite::aes_cm_128_hmac_sha1_80, SrtpSuite::aes_cm_128_hmac_sha1_32};

}  // namespace

TEST_SUITE("SRTP") {
  TEST_CASE("derives the session keys of RFC 3711 appendix B.3") {
    const SrtpMaster key{0xE1, 0xF9, 0x7A, 0x0D, 0x3E, 0x01, 0x8B, 0xE0, 0xD6, 0x4F,
                         0xA3, 0x2C, 0x06, 0xDE, 0x41, 0x39, 0x0E, 0xC6, 0x75, 0xAD,
                         0x49, 0x8A, 0xFE, 0xEB, 0xB6, 0x96, 0x0B, 0x3A, 0xAB, 0xE6};
    const auto keys = derive_srtp_keys(key, SrtpPurpose::rtp);
    REQUIRE(keys.has_value());
    CHECK(keys->cipher == std::array<std::uint8_t, 16>{0xC6, 0x1E, 0x7A, 0x93, 0x74, 0x4F, 0x39,
                                                       0xEE, 0x10, 0x73, 0x4A, 0xFE, 0x3F, 0xF7,
                                                       0xA0, 0x87});
    CHECK(keys->salt == std::array<std::uint8_t, 14>{0x30, 0xCB, 0xBC, 0x08, 0x86, 0x3D, 0x8C, 0x85,
                                                     0xD4, 0x9D, 0xB3, 0x4A, 0x9A, 0xE1});
    CHECK(keys->authentication ==
          std::array<std::uint8_t, 20>{0xCE, 0xBE, 0x32, 0x1F, 0x6F, 0xF7, 0x71, 0x6B, 0x6F, 0xD4,
                                       0xAB, 0x49, 0xAF, 0x25, 0x6A, 0x15, 0x6D, 0x38, 0xBA, 0xA4});
  }

  TEST_CASE("gives back what it protected, and hides it meanwhile") {
    for (const SrtpSuite suite : suites) {
      Pair pair{suite};
      const Bytes plain = rtp(1);
      const Bytes sealed = protect(pair.sender, plain);
      const std::size_t tag = suite == SrtpSuite::aes_cm_128_hmac_sha1_80 ? 10 : 4;
      CHECK(sealed.size() == plain.size() + tag);
      CHECK(Bytes(sealed.begin(), sealed.begin() + 12) == Bytes(plain.begin(), plain.begin() + 12));
      CHECK(Bytes(sealed.begin() + 12, sealed.begin() + 172) !=
            Bytes(plain.begin() + 12, plain.end()));
      CHECK(unprotect(pair.receiver, sealed) == plain);
      const Bytes sealed_report = protect_rtcp(pair.sender, report);
      CHECK(sealed_report.size() == report.size() + 14);
      CHECK(unprotect_rtcp(pair.receiver, sealed_report) == report);
    }
  }

  TEST_CASE("refuses a packet with any bit changed") {
    Pair pair;
    const Bytes sealed = protect(pair.sender, rtp(1, 0xdecafbad, 8));
    const Bytes sealed_report = protect_rtcp(pair.sender, report);
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
      Bytes tampered = sealed;
      tampered[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      tampered.resize(sealed.size() + srtp_trailer_bytes);
      CHECK(pair.receiver.unprotect(tampered, sealed.size()).verdict != SrtpVerdict::accepted);
    }
    for (std::size_t bit = 0; bit < sealed_report.size() * 8; ++bit) {
      Bytes tampered = sealed_report;
      tampered[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      unprotect_rtcp(pair.receiver, tampered, SrtpVerdict::forged);
    }
    CHECK(unprotect(pair.receiver, sealed) == rtp(1, 0xdecafbad, 8));
  }

  TEST_CASE("refuses a packet that comes twice, and one too old to tell") {
    Pair pair;
    const Bytes first = protect(pair.sender, rtp(1));
    const Bytes second = protect(pair.sender, rtp(2));
    unprotect(pair.receiver, second);
    unprotect(pair.receiver, first);
    unprotect(pair.receiver, first, SrtpVerdict::replayed);
    unprotect(pair.receiver, second, SrtpVerdict::replayed);
    const Bytes old = protect(pair.sender, rtp(3));
    unprotect(pair.receiver, protect(pair.sender, rtp(67)));
    unprotect(pair.receiver, old, SrtpVerdict::replayed);
    const Bytes sealed_report = protect_rtcp(pair.sender, report);
    unprotect_rtcp(pair.receiver, sealed_report);
    unprotect_rtcp(pair.receiver, sealed_report, SrtpVerdict::replayed);
  }

  TEST_CASE("counts the wraps of the sequence number, also when packets around one are reordered") {
    Pair pair;
    for (int round = 0; round < 3; ++round) {
      for (int sequence = 1'000; sequence < 65'535; sequence += 1'000) {
        CHECK(unprotect(pair.receiver, protect(pair.sender, rtp(sequence))) == rtp(sequence));
      }
      const Bytes last = protect(pair.sender, rtp(65'535));
      const Bytes next = protect(pair.sender, rtp(0));
      CHECK(unprotect(pair.receiver, next) == rtp(0));
      CHECK(unprotect(pair.receiver, last) == rtp(65'535));
      CHECK(unprotect(pair.receiver, protect(pair.sender, rtp(1))) == rtp(1));
    }
  }

  TEST_CASE("refuses everything of another key or suite") {
    Pair pair;
    auto other = SrtpReceiver::create(SrtpSuite::aes_cm_128_hmac_sha1_80, master(2)).value();
    auto shorter = SrtpReceiver::create(SrtpSuite::aes_cm_128_hmac_sha1_32, master(1)).value();
    unprotect(other, protect(pair.sender, rtp(1)), SrtpVerdict::forged);
    unprotect(shorter, protect(pair.sender, rtp(2)), SrtpVerdict::forged);
    unprotect_rtcp(other, protect_rtcp(pair.sender, report), SrtpVerdict::forged);
  }

  TEST_CASE("is not led astray by forged packets: neither the wrap count nor the known sources") {
    Pair pair;
    CHECK(unprotect(pair.receiver, protect(pair.sender, rtp(60'000))) == rtp(60'000));
    for (std::uint32_t i = 0; i < 100; ++i) {
      unprotect(pair.receiver, rtp(static_cast<int>(i)), SrtpVerdict::forged);  // as if wrapped
      unprotect(pair.receiver, rtp(1, 1'000 + i), SrtpVerdict::forged);  // as if another source
    }
    CHECK(unprotect(pair.receiver, protect(pair.sender, rtp(60'001))) == rtp(60'001));
  }

  TEST_CASE("refuses what is too short, and buffers without room, and stays usable") {
    Pair pair;
    for (std::size_t length = 0; length < 22; ++length) {
      unprotect(pair.receiver, Bytes(length, 0x80), SrtpVerdict::malformed);
      unprotect_rtcp(pair.receiver, Bytes(length, 0x80), SrtpVerdict::malformed);
    }
    Bytes tight = rtp(1);
    CHECK(pair.sender.protect(tight, tight.size()) == 0);
    CHECK(pair.sender.protect_rtcp(tight, tight.size()) == 0);
    CHECK(pair.sender.protect(tight, tight.size() + 1) == 0);
    CHECK(pair.receiver.unprotect(tight, tight.size()).verdict == SrtpVerdict::malformed);
    CHECK(unprotect(pair.receiver, protect(pair.sender, rtp(2))) == rtp(2));
  }

  TEST_CASE("understands another implementation and is understood by it") {
    for (const SrtpSuite suite : suites) {
      Pair ours{suite};
      LibreSrtp theirs_out{suite, master(1)};
      LibreSrtp theirs_in{suite, master(1)};
      for (int sequence = 65'500; sequence < 65'600; ++sequence) {
        CHECK(unprotect(ours.receiver, theirs_out.encrypt(rtp(sequence))) == rtp(sequence));
        CHECK(theirs_in.decrypt(protect(ours.sender, rtp(sequence))) == rtp(sequence));
      }
      // With the short suite libre shortens the tag of SRTCP too, against RFC 4568 section 6.2.
      if (suite == SrtpSuite::aes_cm_128_hmac_sha1_80) {
        CHECK(unprotect_rtcp(ours.receiver, theirs_out.encrypt_rtcp(report)) == report);
        CHECK(theirs_in.decrypt_rtcp(protect_rtcp(ours.sender, report)) == report);
      }
    }
  }
}
