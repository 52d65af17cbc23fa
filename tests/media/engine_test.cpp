#include "media/engine.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "allocation_counter.hpp"
#include "audio/similarity.hpp"
#include "audio/tone.hpp"
#include "loopback.hpp"
#include "media/rtcp.hpp"

using namespace offhook::media;
using namespace offhook::media::testing;
using offhook::Errc;
namespace audio = offhook::audio;
using Kind = StreamEvent::Kind;

namespace {

/// 3 s whose pitch rises all the time, so that it fits itself at one place only.
std::vector<std::int16_t> rising_tone(double from_hz) {
  std::vector<std::int16_t> sound;
  for (int piece = 0; piece < 300; ++piece) {
    std::vector<std::int16_t> block(80);
    audio::SineGenerator{from_hz + 3 * piece, 8'000, 8'000}.fill(block);
    sound.insert(sound.end(), block.begin(), block.end());
  }
  return sound;
}

double likeness(const std::vector<std::int16_t>& sent, const SoundPort& port) {
  constexpr std::size_t furthest = 8'000 * 4;
  // The call goes on while we compare: without a bound, slowness would make more to compare.
  auto heard = port.heard();
  heard.resize(std::min(heard.size(), sent.size() + furthest));
  return audio::best_alignment(sent, heard, furthest).correlation;
}

struct Way {
  const char* name;
  audio::CodecId codec;
  JitterBufferKind jitter_buffer;
  bool secured;
  double likeness;  ///< At least, of what was heard and what was said.
};

/// Notes how often the media thread allocates.
class CountingPort final : public audio::Port {
 public:
  void exchange(const audio::Frame& received, audio::Frame& to_send) noexcept override {
    std::copy_n(received.storage.begin(), received.size, to_send.storage.begin());
    if (++calls == 50) {
      at_start_ = allocations_of_this_thread();
    }
    allocated = allocations_of_this_thread() - at_start_;
  }
  std::atomic<int> calls{0};
  std::atomic<std::size_t> allocated{0};

 private:
  std::size_t at_start_ = 0;
};

}  // namespace

TEST_SUITE("Engine") {
  TEST_CASE("carries sound both ways, with every codec, plain and secured") {
    const auto from_a = rising_tone(300);
    const auto from_b = rising_tone(1'200);
    constexpr auto portable = JitterBufferKind::portable;
    const auto neteq =
        offhook::media::have_neteq() ? JitterBufferKind::neteq : JitterBufferKind::portable;
    // NetEQ stretches time, so that what it plays is no copy of what was sent.
    std::vector ways{Way{"PCMU", audio::CodecId::pcmu, portable, false, 0.98},
                     Way{"PCMA over SRTP", audio::CodecId::pcma, portable, true, 0.98},
                     Way{"Opus", audio::CodecId::opus, portable, false, 0.9},
                     Way{"PCMU, NetEQ", audio::CodecId::pcmu, neteq, true, 0.5},
                     Way{"Opus, NetEQ", audio::CodecId::opus, neteq, true, 0.5}};
    if (std::ranges::count(audio::available_codecs(), audio::CodecId::g722) > 0) {
      ways.push_back({"G.722", audio::CodecId::g722, portable, false, 0.9});
      ways.push_back({"G.722, NetEQ", audio::CodecId::g722, neteq, true, 0.5});
    }
    std::vector<std::unique_ptr<Call>> calls;
    for (const Way& way : ways) {
      StreamConfig a_config = config(0, way.codec);
      StreamConfig b_config = config(0, way.codec);
      a_config.jitter_buffer = way.jitter_buffer;
      b_config.jitter_buffer = way.jitter_buffer;
      if (way.secured) {
        a_config.srtp = keys(1, 2);
        b_config.srtp = keys(2, 1);
      }
      calls.push_back(std::make_unique<Call>(a_config, b_config, from_a, from_b));
    }
    for (std::size_t i = 0; i < ways.size(); ++i) {
      CAPTURE(ways[i].name);
      Call& call = *calls[i];
      REQUIRE(eventually([&] {
        return call.a_port.all_sent() && call.b_port.all_sent() &&
               call.a->stats().packets_received > 170 && call.b->stats().packets_received > 170;
      }));
      CHECK(likeness(from_a, call.b_port) >= ways[i].likeness);
      CHECK(likeness(from_b, call.a_port) >= ways[i].likeness);
      CHECK(call.b->stats().packets_discarded == 0);
      call.drain();
      CHECK(call.a_log.count(Kind::first_packet_sent) == 1);
      CHECK(call.a_log.count(Kind::first_packet_received) == 1);
      CHECK(call.a_log.count(Kind::source_changed) == 0);
    }
  }

  TEST_CASE("carries digits both ways while it carries sound") {
    for (const audio::CodecId codec : {audio::CodecId::pcmu, audio::CodecId::opus}) {
      StreamConfig a_config = config(0, codec);
      StreamConfig b_config = config(0, codec);
      a_config.srtp = keys(1, 2);
      b_config.srtp = keys(2, 1);
      Call call{a_config, b_config};
      REQUIRE(call.a->send_digits("12#", 60ms, 40ms));
      REQUIRE(call.b->send_digits("*9D0", 60ms, 40ms));
      CHECK(eventually([&] {
        call.drain();
        return call.b_log.digits_received.size() >= 3 && call.a_log.digits_received.size() >= 4 &&
               call.a_log.digits_sent.size() >= 3 && call.b_log.digits_sent.size() >= 4;
      }));
      CHECK(call.b_log.digits_received == "12#");
      CHECK(call.a_log.digits_received == "*9D0");
      CHECK(call.a_log.digits_sent == "12#");
      const auto at_end = call.b->stats().packets_received;
      CHECK(eventually([&] { return call.b->stats().packets_received > at_end + 10; }));
      CHECK(call.b->stats().packets_lost == 0);
    }
  }

  TEST_CASE("refuses digits that are none or that the peer does not take") {
    StreamConfig without = config(0);
    without.telephone_event_type = -1;
    Call call{config(0), without};
    CHECK(call.a->send_digits("12x").error().code == Errc::invalid_argument);
    CHECK(call.b->send_digits("1").error().code == Errc::unsupported);
  }

  TEST_CASE("learns the round trip and what the peer lost from RTCP") {
    StreamConfig a_config = config(0);
    StreamConfig b_config = config(0);
    a_config.srtp = keys(1, 2);
    b_config.srtp = keys(2, 1);
    const auto began = std::chrono::steady_clock::now();
    Call call{a_config, b_config};
    REQUIRE(eventually([&] { return call.a->stats().round_trip_ms >= 0; }));
    const std::chrono::duration<double, std::milli> all = std::chrono::steady_clock::now() - began;
    CHECK(call.a->stats().round_trip_ms < all.count());
    CHECK(call.a->stats().remote_loss_percent == 0);
    CHECK(call.a->stats().remote_jitter_ms >= 0);
  }

  TEST_CASE(
      "tells the peer what got lost on the way to us, and takes its report of the other way") {
    HandPeer peer;
    SoundPort port;
    const auto engine = Engine::start().value();
    MediaSockets ours = sockets();
    const std::uint16_t to = ours.rtp_port();
    auto stream = engine->add(std::move(ours), config(peer.port()), port).value();
    for (int n = 0; n < 50; ++n) {
      if (n % 5 != 2) {
        peer.send_rtp(to, {.sequence = SequenceNumber{static_cast<std::uint16_t>(n)},
                           .timestamp = RtpTimestamp{static_cast<std::uint32_t>(n) * 160},
                           .ssrc = 77});
      }
    }
    std::vector<std::uint8_t> packet;
    int fractions = 0;  // of 256; each report counts the loss since the one before
    decltype(parse_rtcp(packet)) report;
    REQUIRE(eventually([&] {
      packet = peer.receive_rtcp();
      report = parse_rtcp(packet);
      if (!report || report->report_count == 0) {
        return false;  // made before the packets were read
      }
      fractions += report->reports[0].fraction_lost;
      return report->reports[0].cumulative_lost == 10;
    }));
    CHECK(report->sender->packets > 0);
    CHECK(report->cname == "offhook");
    CHECK(report->reports[0].ssrc == 77);
    CHECK(fractions >= 51);  // a fifth, and more when two reports share it
    CHECK(stream.stats().packets_lost == 10);

    std::array<std::uint8_t, max_rtcp_bytes> answer{};
    const std::size_t length = build_rtcp(
        {.ssrc = 77, .report = ReportBlock{.ssrc = report->ssrc, .fraction_lost = 64}}, answer);
    peer.send(static_cast<std::uint16_t>(to + 1), std::span{answer}.first(length));
    CHECK(eventually([&] { return stream.stats().remote_loss_percent == 25; }));
  }

  TEST_CASE("hears nothing of a peer with another key, and counts why") {
    StreamConfig a_config = config(0);
    StreamConfig b_config = config(0);
    a_config.srtp = keys(1, 2);
    b_config.srtp = keys(2, 99);
    Call call{a_config, b_config, rising_tone(300)};
    REQUIRE(eventually([&] { return call.b->stats().srtp_failures > 50; }));
    CHECK(call.b->stats().packets_received == 0);
    CHECK(call.b->stats().packets_discarded >= call.b->stats().srtp_failures);
    CHECK(call.b->stats().frames_played == 0);
    CHECK(audio::rms_dbfs(call.b_port.heard()) <= -100);
    call.drain();
    CHECK(call.b_log.count(Kind::first_packet_received) == 0);
  }

  TEST_CASE("sends nothing but RTCP on hold, and goes on with the same stream afterwards") {
    HandPeer peer;
    SoundPort port;
    const auto engine = Engine::start().value();
    StreamConfig running = config(peer.port());
    auto stream = engine->add(sockets(), running, port).value();
    std::vector<std::uint8_t> last;
    const auto next_packet = [&] {
      return eventually([&] {
        const auto packet = peer.receive();
        last = packet.empty() ? last : packet;
        return !packet.empty();
      });
    };
    REQUIRE(next_packet());
    StreamConfig held = running;
    held.send = false;
    REQUIRE(stream.update(held));
    const auto calls = port.calls.load();
    REQUIRE(eventually([&] { return port.calls > calls + 25; }));  // the port goes on
    while (!peer.receive().empty()) {
    }
    const auto sent = stream.stats().packets_sent;
    const auto before = parse_rtp(last)->header;
    REQUIRE(eventually([&] { return port.calls > calls + 50; }));
    CHECK(peer.receive().empty());
    CHECK(stream.stats().packets_sent == sent);

    REQUIRE(stream.update(running));
    REQUIRE(next_packet());
    const auto after = parse_rtp(last)->header;
    CHECK(after.ssrc == before.ssrc);
    CHECK(after.marker);
    CHECK(after.sequence - before.sequence > 0);
    CHECK(after.timestamp - before.timestamp >= 25 * 160);
  }

  TEST_CASE("sends silence while muted, as one stream without gap or marker") {
    HandPeer peer;
    SoundPort port{rising_tone(300)};
    const auto engine = Engine::start().value();
    auto stream = engine->add(sockets(), config(peer.port()), port).value();
    std::vector<RtpHeader> headers;
    const auto collect = [&](std::size_t count) {
      return eventually([&] {
        for (auto packet = peer.receive(); !packet.empty(); packet = peer.receive()) {
          headers.push_back(parse_rtp(packet)->header);
        }
        return headers.size() >= count;
      });
    };
    REQUIRE(collect(20));
    port.sending = false;
    REQUIRE(collect(40));
    port.sending = true;
    REQUIRE(collect(60));
    for (std::size_t i = 1; i < headers.size(); ++i) {
      CHECK(headers[i].ssrc == headers[0].ssrc);
      CHECK(headers[i].sequence - headers[i - 1].sequence == 1);
      const auto step = headers[i].timestamp - headers[i - 1].timestamp;
      CHECK(step % 160 == 0);
      CHECK(step >= 160);
      CHECK((!headers[i].marker || step > 160));  // only after 20 ms that came too late
    }
  }

  TEST_CASE("tells when the peer's reports switch FEC on") {
    HandPeer peer;
    SoundPort port;
    const auto engine = Engine::start().value();
    MediaSockets ours = sockets();
    const std::uint16_t to = ours.rtp_port();
    auto stream =
        engine->add(std::move(ours), config(peer.port(), audio::CodecId::opus), port).value();
    std::vector<std::uint8_t> packet;
    REQUIRE(eventually([&] {
      packet = peer.receive();
      return !packet.empty();
    }));
    const std::uint32_t ssrc = parse_rtp(packet)->header.ssrc;
    for (std::uint32_t i = 0; i < 5; ++i) {
      std::array<std::uint8_t, max_rtcp_bytes> bytes{};
      const ReportBlock block{.ssrc = ssrc, .fraction_lost = 51, .highest_sequence = 250 * i};
      const std::size_t length = build_rtcp({.ssrc = 77, .report = block}, bytes);
      peer.send(static_cast<std::uint16_t>(to + 1), std::span{bytes}.first(length));
    }
    EventLog log;
    CHECK(eventually([&] {
      log.drain(stream);
      return log.count(Kind::fec_on) == 1;
    }));
    CHECK(eventually([&] { return stream.stats().fec; }));
  }

  TEST_CASE("changes the codec in the middle of a call") {
    Call call{config(0), config(0)};
    REQUIRE(eventually([&] { return call.b->stats().packets_received > 20; }));
    // The peers change one after the other: meanwhile packets of the other type are not taken.
    HandPeer nobody;
    StreamConfig changed = config(0, audio::CodecId::opus);
    CHECK(call.a->update(changed).has_value());  // port 0: no address to send to for now
    changed.remote_port = nobody.port();
    CHECK(call.a->update(changed).has_value());
    std::vector<std::uint8_t> packet;
    REQUIRE(eventually([&] {
      packet = nobody.receive();
      return !packet.empty();
    }));
    CHECK(parse_rtp(packet)->header.payload_type ==
          audio::codec_info(audio::CodecId::opus).payload_type);
  }

  TEST_CASE("refuses a configuration that cannot work, and goes on with the old one") {
    Call call{config(0), config(0)};
    StreamConfig bad = config(1);
    bad.remote_address = "example.com";
    CHECK(call.a->update(bad).error().code == Errc::invalid_argument);
    bad = config(1);
    bad.remote_address = "::1";
    CHECK(call.a->update(bad).error().code == Errc::invalid_argument);
    bad = config(1);
    bad.audio_rate_hz = 12'345;
    CHECK(call.a->update(bad).error().code == Errc::unsupported);
    bad = config(1);
    bad.telephone_event_type = bad.payload_type;
    CHECK(call.a->update(bad).error().code == Errc::invalid_argument);
    const auto received = call.b->stats().packets_received;
    CHECK(eventually([&] { return call.b->stats().packets_received > received + 20; }));
  }

  TEST_CASE("lets go of a stream while packets fly, and does not call its port again") {
    Call call{config(0), config(0)};
    REQUIRE(eventually([&] { return call.a->stats().packets_received > 10; }));
    for (int round = 0; round < 20; ++round) {
      auto port = std::make_unique<SoundPort>();
      const StreamConfig another = config(9);
      auto stream = std::make_unique<Stream>(call.a_engine->add(sockets(), another, *port).value());
      stream.reset();
      port.reset();  // a later call would be a use after free
    }
    call.a.reset();
    const int calls = call.a_port.calls;
    const auto before = call.b_port.calls.load();
    REQUIRE(eventually([&] { return call.b_port.calls > before + 10; }));
    CHECK(call.a_port.calls == calls);
  }

  TEST_CASE("says goodbye with RTCP BYE") {
    HandPeer peer;
    SoundPort port;
    const auto engine = Engine::start().value();
    MediaSockets rtcp_receiver = sockets();
    auto stream = std::make_unique<Stream>(
        engine->add(sockets(), config(rtcp_receiver.rtp_port()), port).value());
    REQUIRE(eventually([&] { return stream->stats().packets_sent > 5; }));
    stream.reset();
    ReceiveBatch batch;
    REQUIRE(eventually([&] { return batch.receive(rtcp_receiver.rtcp_fd()) > 0; }));
    const auto last = batch[0];
    REQUIRE(last.length >= 8);
    CHECK(last.buffer[last.length - 7] == 203);  // the last packet: header, BYE, one SSRC
  }

  TEST_CASE("does not allocate on the media thread once a call with the portable buffer runs") {
    CountingPort a_port;
    CountingPort b_port;
    const auto engine = Engine::start().value();
    MediaSockets a_sockets = sockets();
    MediaSockets b_sockets = sockets();
    StreamConfig a_config = config(b_sockets.rtp_port(), audio::CodecId::opus);
    StreamConfig b_config = config(a_sockets.rtp_port(), audio::CodecId::opus);
    a_config.srtp = keys(1, 2);
    b_config.srtp = keys(2, 1);
    a_config.jitter_buffer = JitterBufferKind::portable;
    b_config.jitter_buffer = JitterBufferKind::portable;
    auto a = engine->add(std::move(a_sockets), a_config, a_port).value();
    auto b = engine->add(std::move(b_sockets), b_config, b_port).value();
    // Over the first RTCP reports, and with an event or two.
    REQUIRE(eventually([&] { return a_port.calls > 200 && b_port.calls > 200; }));
    CHECK(a.stats().packets_received > 150);
    CHECK(a_port.allocated == 0);
    CHECK(b_port.allocated == 0);
  }

  TEST_CASE("spreads many streams over its thread and keeps the time of each") {
    SoundPort port;
    const auto engine = Engine::start().value();
    std::vector<Stream> streams;
    HandPeer peer;
    for (int i = 0; i < 40; ++i) {
      streams.push_back(engine->add(sockets(), config(peer.port()), port).value());
    }
    const auto began = std::chrono::steady_clock::now();
    const int calls = port.calls;
    REQUIRE(eventually([&] { return port.calls > calls + 40 * 50; }));
    const auto took = std::chrono::steady_clock::now() - began;
    CHECK(took >= 940ms);  // no faster than the clock
  }

  TEST_CASE("can end before its last stream without harm") {
    SoundPort port;
    auto engine = Engine::start().value();
    auto stream = engine->add(sockets(), config(9), port).value();
    engine.reset();
    CHECK(stream.send_digits("1").has_value());
    CHECK(stream.update(config(9)).has_value());
  }
}
