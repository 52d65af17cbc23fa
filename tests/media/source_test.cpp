#include <algorithm>
#include <array>

#include <doctest/doctest.h>

#include "libre_srtp.hpp"
#include "loopback.hpp"
#include "media/rtcp.hpp"
#include "media/source_policy.hpp"

using namespace offhook::media;
using namespace offhook::media::testing;
namespace audio = offhook::audio;
using Kind = StreamEvent::Kind;
using Trust = SourcePolicy::Trust;

namespace {

SocketAddress at(const char* host, std::uint16_t port) {
  return SocketAddress::from(host, port).value();
}

/// A stream that faces hand-made packets.
struct Target {
  explicit Target(StreamConfig stream_config) : bound{sockets()} {
    port_number = bound.rtp_port();
    stream = std::make_unique<Stream>(
        engine->add(std::move(bound), std::move(stream_config), port).value());
  }
  /// Sends `count` packets, the next each time. @return when they were taken or dropped.
  void burst(const HandPeer& peer, int count, std::uint32_t ssrc = 1) {
    for (int i = 0; i < count; ++i, ++sequence) {
      peer.send_rtp(port_number,
                    {.sequence = SequenceNumber{static_cast<std::uint16_t>(sequence)},
                     .timestamp = RtpTimestamp{static_cast<std::uint32_t>(sequence) * 160},
                     .ssrc = ssrc});
    }
  }
  [[nodiscard]] bool counted(std::uint64_t received, std::uint64_t discarded) const {
    return eventually([&] {
      return stream->stats().packets_received >= received &&
             stream->stats().packets_discarded >= discarded;
    });
  }
  int changes() {
    log.drain(*stream);
    return log.count(Kind::source_changed);
  }

  MediaSockets bound;
  std::uint16_t port_number = 0;
  int sequence = 100;
  SoundPort port;
  std::unique_ptr<Engine> engine = Engine::start().value();
  std::unique_ptr<Stream> stream;
  EventLog log;
};

}  // namespace

TEST_SUITE("RTP source") {
  TEST_CASE("is the negotiated address, or latched once, and no stranger's afterwards") {
    SourcePolicy policy;
    policy.negotiate(at("192.0.2.1", 4'000), false);
    CHECK(policy.check(at("192.0.2.1", 4'000)) == Trust::known);
    CHECK(policy.check(at("192.0.2.1", 4'002)) == Trust::needs_proof);
    CHECK(policy.latch(at("198.51.100.1", 5'000)));
    CHECK(policy.destination() == at("198.51.100.1", 5'000));
    CHECK(policy.check(at("198.51.100.1", 5'000)) == Trust::known);
    CHECK_FALSE(policy.latch(at("198.51.100.1", 5'000)));
    CHECK(policy.check(at("198.51.100.1", 5'001)) == Trust::rejected);
    CHECK(policy.check(at("192.0.2.1", 4'000)) == Trust::known);  // may still turn up
  }

  TEST_CASE("may change again and again when SRTP proves it") {
    SourcePolicy policy;
    policy.negotiate(at("2001:db8::1", 4'000), true);
    CHECK_FALSE(policy.latch(at("2001:db8::1", 4'000)));
    CHECK(policy.check(at("2001:db8::2", 4'000)) == Trust::needs_proof);
    CHECK(policy.latch(at("2001:db8::2", 4'000)));
    CHECK(policy.destination() == at("2001:db8::2", 4'000));
  }

  TEST_CASE("of plain RTP is followed once, and packets of others are counted and dropped") {
    HandPeer negotiated;
    HandPeer behind_nat;
    HandPeer stranger;
    Target target{config(negotiated.port())};
    target.burst(behind_nat, 3);
    CHECK(target.counted(3, 0));
    CHECK(target.changes() == 1);
    CHECK(eventually([&] { return !behind_nat.receive().empty(); }));  // ours goes there now
    target.burst(stranger, 4);
    CHECK(target.counted(3, 4));
    CHECK(target.stream->stats().packets_received == 3);
    CHECK(target.changes() == 0 + 1);
  }

  TEST_CASE("of SRTP may move, but only with authentic packets") {
    HandPeer negotiated;
    HandPeer moved;
    HandPeer attacker;
    StreamConfig secured = config(negotiated.port());
    secured.srtp = keys(1, 2);
    Target target{secured};
    LibreSrtp peer{SrtpSuite::aes_cm_128_hmac_sha1_80, keys(1, 2).remote};
    const auto packet = [&](int sequence) {
      std::vector<std::uint8_t> bytes(172, 0xff);
      write_rtp_header({.sequence = SequenceNumber{static_cast<std::uint16_t>(sequence)},
                        .timestamp = RtpTimestamp{static_cast<std::uint32_t>(sequence) * 160},
                        .ssrc = 5},
                       std::span{bytes}.first<rtp_header_bytes>());
      return peer.encrypt(bytes);
    };
    const auto replayed = packet(1);
    negotiated.send(target.port_number, replayed);
    CHECK(target.counted(1, 0));
    target.burst(attacker, 3, 5);
    attacker.send(target.port_number, replayed);
    CHECK(target.counted(1, 4));
    CHECK(target.stream->stats().srtp_failures == 4);
    CHECK(target.changes() == 0);
    moved.send(target.port_number, packet(2));
    CHECK(target.counted(2, 4));
    CHECK(target.changes() == 1);
    CHECK(eventually([&] { return !moved.receive().empty(); }));
  }

  TEST_CASE("is heard on after packets that fail authentication, which are told of") {
    HandPeer peer;
    StreamConfig secured = config(peer.port());
    secured.srtp = keys(1, 2);
    Target target{secured};
    LibreSrtp srtp{SrtpSuite::aes_cm_128_hmac_sha1_80, keys(1, 2).remote};
    int sequence = 1;
    const auto talk = [&](int packets) {
      for (int i = 0; i < packets; ++i, ++sequence) {
        std::vector<std::uint8_t> bytes(172, 0x10);  // loud
        write_rtp_header({.sequence = SequenceNumber{static_cast<std::uint16_t>(sequence)},
                          .timestamp = RtpTimestamp{static_cast<std::uint32_t>(sequence) * 160},
                          .ssrc = 5},
                         std::span{bytes}.first<rtp_header_bytes>());
        peer.send(target.port_number, srtp.encrypt(bytes));
        const int calls = target.port.calls;
        REQUIRE(eventually([&] { return target.port.calls > calls; }));  // the pace of the stream
      }
    };
    talk(50);
    target.burst(peer, 300, 5);  // not encrypted, of the same source
    talk(100);
    CHECK(target.counted(150, 300));
    CHECK(target.stream->stats().srtp_failures == 300);
    CHECK(eventually([&] {
      target.log.drain(*target.stream);
      return std::ranges::any_of(target.log.events, [](const StreamEvent& event) {
        return event.kind == Kind::trouble && event.why == Trouble::authentication;
      });
    }));
    const auto heard = target.port.heard();
    const auto loud = std::ranges::count_if(std::span{heard}.last(8'000),
                                            [](std::int16_t sample) { return sample != 0; });
    CHECK(loud > 4'000);
  }

  TEST_CASE("may change its SSRC; the sound goes on") {
    HandPeer peer;
    Target target{config(peer.port())};
    target.burst(peer, 5, 1);
    CHECK(target.counted(5, 0));
    target.sequence = 40'000;
    target.burst(peer, 5, 2);
    CHECK(target.counted(10, 0));
    CHECK(target.changes() == 1);
    CHECK(target.stream->stats().packets_lost == 0);
  }

  TEST_CASE("that sends junk is counted and harms nobody") {
    HandPeer peer;
    Target target{config(peer.port())};
    target.burst(peer, 3);
    peer.send(target.port_number, std::vector<std::uint8_t>{});
    peer.send(target.port_number, std::vector<std::uint8_t>{0x80});
    peer.send(target.port_number, std::vector<std::uint8_t>(300, 0x00));
    peer.send(target.port_number, std::vector<std::uint8_t>(1'400, 0xff));
    peer.send(target.port_number, std::vector<std::uint8_t>(3'000, 0x80));
    peer.send_rtp(target.port_number, {.payload_type = 77, .ssrc = 1});
    peer.send(static_cast<std::uint16_t>(target.port_number + 1),
              std::vector<std::uint8_t>(100, 0xff));
    CHECK(target.counted(3, 7));
    target.burst(peer, 3);
    CHECK(target.counted(6, 7));
    CHECK(target.stream->stats().packets_discarded == 7);
  }

  TEST_CASE("that misbehaves is told of, by kind, and not packet by packet") {
    HandPeer peer;
    Target target{config(peer.port())};
    target.burst(peer, 50);
    for (int i = 0; i < 30; ++i) {
      peer.send_rtp(target.port_number, {.payload_type = 77, .ssrc = 1});
    }
    peer.send(target.port_number, std::vector<std::uint8_t>(300, 0x00));
    target.sequence += 20'000;
    target.burst(peer, 50);
    const auto told = [&](Trouble why) {
      target.log.drain(*target.stream);
      return std::ranges::any_of(target.log.events, [why](const StreamEvent& event) {
        return event.kind == Kind::trouble && event.why == why && event.count > 0;
      });
    };
    CHECK(eventually([&] { return told(Trouble::payload_type); }));
    CHECK(eventually([&] { return told(Trouble::malformed); }));
    CHECK(eventually([&] { return told(Trouble::sequence_jump); }));
    CHECK(target.log.count(Kind::trouble) <= 8);
    const auto received = target.stream->stats().packets_received;
    target.burst(peer, 10);
    CHECK(target.counted(received + 10, 0));
  }

  TEST_CASE("that sends RTCP which is none, or fails authentication, is told of") {
    for (const bool secured : {false, true}) {
      CAPTURE(secured);
      HandPeer peer;
      StreamConfig stream = config(peer.port());
      if (secured) {
        stream.srtp = keys(1, 2);
      }
      Target target{stream};
      const auto why = secured ? Trouble::rtcp_authentication : Trouble::rtcp_malformed;
      const auto told = [&] {
        target.log.drain(*target.stream);
        return std::ranges::any_of(target.log.events, [why](const StreamEvent& event) {
          return event.kind == Kind::trouble && event.why == why && event.count > 0;
        });
      };
      const auto rtcp_port = static_cast<std::uint16_t>(target.port_number + 1);
      std::array<std::uint8_t, max_rtcp_bytes> bytes{};
      const std::size_t length = build_rtcp({.ssrc = 5}, bytes);
      std::vector<std::uint8_t> report(bytes.data(), bytes.data() + length);
      LibreSrtp srtp{SrtpSuite::aes_cm_128_hmac_sha1_80, keys(1, 2).remote};
      if (secured) {
        report = srtp.encrypt_rtcp(report);
      }
      peer.send(rtcp_port, report);
      if (secured) {
        report.back() ^= 1U;
      } else {
        report.pop_back();
      }
      peer.send(rtcp_port, report);  // tampered with, or cut short
      CHECK(target.counted(0, 1));
      CHECK(eventually(told));
      CHECK(target.stream->stats().packets_discarded == 1);
      CHECK(target.stream->stats().srtp_failures == (secured ? 1 : 0));
      CHECK(target.log.count(Kind::trouble) == 1);
    }
  }

  TEST_CASE("that floods with 2000 packets at once is heard again afterwards") {
    HandPeer peer;
    Target target{config(peer.port())};
    target.burst(peer, 2'000);
    REQUIRE(target.counted(200, 0));
    for (int i = 0; i < 100; ++i) {
      target.burst(peer, 1);
      std::this_thread::sleep_for(20ms);  // the pace of a sender
    }
    const auto played = target.stream->stats().frames_played;
    for (int i = 0; i < 20; ++i) {
      target.burst(peer, 1);
      std::this_thread::sleep_for(20ms);
    }
    CHECK(target.stream->stats().frames_played > played + 10);
    target.log.drain(*target.stream);
    CHECK(target.log.count(Kind::trouble) >= 1);
  }

  TEST_CASE("that says goodbye with RTCP BYE is told once") {
    HandPeer peer;
    Target target{config(peer.port())};
    target.burst(peer, 5, 42);
    REQUIRE(target.counted(5, 0));
    for (const std::uint32_t ssrc : {7U, 42U, 42U}) {
      std::array<std::uint8_t, max_rtcp_bytes> bytes{};
      const std::size_t length = build_rtcp({.ssrc = ssrc, .cname = "peer", .bye = true}, bytes);
      peer.send(static_cast<std::uint16_t>(target.port_number + 1), std::span{bytes}.first(length));
    }
    CHECK(eventually([&] {
      target.log.drain(*target.stream);
      return target.log.count(Kind::bye_received) == 1;
    }));
    const int calls = target.port.calls;
    CHECK(eventually([&] { return target.port.calls > calls + 10; }));
    target.log.drain(*target.stream);
    CHECK(target.log.count(Kind::bye_received) == 1);
  }

  TEST_CASE("that sent long before the stream began does not cause a burst") {
    HandPeer peer;
    MediaSockets early = sockets();
    const std::uint16_t to = early.rtp_port();
    for (int i = 0; i < 300; ++i) {
      peer.send_rtp(to, {.sequence = SequenceNumber{static_cast<std::uint16_t>(i)}, .ssrc = 1});
    }
    std::this_thread::sleep_for(200ms);  // what makes them old
    SoundPort port;
    const auto engine = Engine::start().value();
    auto stream = engine->add(std::move(early), config(peer.port()), port).value();
    for (int i = 300; i < 303; ++i) {
      peer.send_rtp(to, {.sequence = SequenceNumber{static_cast<std::uint16_t>(i)},
                         .timestamp = RtpTimestamp{static_cast<std::uint32_t>(i) * 160},
                         .ssrc = 1});
    }
    REQUIRE(eventually([&] { return stream.stats().packets_received >= 3; }));
    CHECK(stream.stats().packets_received == 3);
    CHECK(stream.stats().packets_lost == 0);
  }

  TEST_CASE("that falls silent is told once") {
    HandPeer peer;
    Target target{config(peer.port())};
    target.burst(peer, 1);
    CHECK(eventually([&] {
      target.log.drain(*target.stream);
      return target.log.count(Kind::receive_timeout) == 1;
    }));
    const int calls = target.port.calls;
    CHECK(eventually([&] { return target.port.calls > calls + 50; }));
    target.log.drain(*target.stream);
    CHECK(target.log.count(Kind::receive_timeout) == 1);
  }
}
