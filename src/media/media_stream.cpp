#include "media/media_stream.hpp"

#include <utility>

namespace offhook::media {
namespace {

constexpr int batches_at_once = 4;  // per socket, so that a flood on one leaves time for the others
/// Older packets that waited for the stream to begin are not played.
constexpr std::chrono::milliseconds stale{100};

/// RTCP that comes on the RTP port (RFC 5761 section 4).
bool looks_like_rtcp(const ReceiveBatch::Datagram& datagram) {
  return datagram.length >= 2 && datagram.buffer[1] >= 192 && datagram.buffer[1] <= 223;
}

}  // namespace

MediaStream::MediaStream(MediaSockets sockets,
                         std::unique_ptr<StreamSetup> setup,
                         audio::Port& port,
                         Clock::time_point now)
    : sockets_{std::move(sockets)},
      port_{port},
      sender_{events_},
      receiver_{events_, now},
      rtcp_{sender_, receiver_, events_, now} {
  apply(*setup);
  publish_stats();
}

void MediaStream::apply(StreamSetup& setup) noexcept {
  audio_rate_hz_ = setup.config.audio_rate_hz;
  send_ = setup.config.send;
  rtcp_.set_cname(setup.config.cname);
  if (setup.address_changed) {
    rtcp_source_.reset();
  }
  sender_.apply(setup);
  receiver_.apply(setup);
}

void MediaStream::on_readable(int fd, ReceiveBatch& batch) noexcept {
  const bool rtcp = fd == sockets_.rtcp_fd();
  for (int i = 0; i < batches_at_once; ++i) {
    const std::size_t count = batch.receive(fd);
    const Clock::time_point now = Clock::now();
    for (std::size_t at = 0; at < count; ++at) {
      on_datagram(batch[at], rtcp, now);
    }
    if (count < ReceiveBatch::limit) {
      draining_ = draining_ && rtcp;
      return;
    }
  }
}

void MediaStream::on_datagram(const ReceiveBatch::Datagram& datagram,
                              bool rtcp,
                              Clock::time_point now) noexcept {
  if (draining_ && datagram.age > stale) {
    return;
  }
  // A wait of more than a second in the socket is a step of the wall clock.
  const bool plausible = datagram.age < std::chrono::seconds{1};
  const Clock::time_point arrival =
      plausible ? now - std::chrono::duration_cast<Clock::duration>(datagram.age) : now;
  if (!rtcp && !looks_like_rtcp(datagram)) {
    receiver_.on_packet(datagram.buffer, datagram.length, datagram.source, arrival);
    return;
  }
  const auto& peer = receiver_.peer().destination();
  if (!peer || !peer->same_host(datagram.source)) {
    receiver_.discard(Trouble::source);
    return;
  }
  if (rtcp_.on_packet(datagram.buffer, datagram.length, arrival)) {
    rtcp_source_ = datagram.source;
    receiver_.heard(arrival);
  }
}

void MediaStream::tick(Clock::time_point due) noexcept {
  if (rtcp_.due(due)) {
    send_report(false);
  }
  receiver_.next_frame(received_, due);
  to_send_.silence(audio_rate_hz_);
  port_.exchange(received_, to_send_);
  send_audio(to_send_);
  publish_stats();
}

void MediaStream::skip_tick() noexcept {
  ++ticks_skipped_;
  sender_.skip();
}

void MediaStream::send_audio(const audio::Frame& frame) noexcept {
  const auto& destination = receiver_.peer().destination();
  if (!send_ || !destination) {
    sender_.skip();
    return;
  }
  const std::span<const std::uint8_t> packet = sender_.next_packet(frame);
  const bool sent = !packet.empty() && send_datagram(sockets_.rtp_fd(), packet, *destination);
  sender_.on_sent(sent, Clock::now());
}

void MediaStream::send_report(bool bye) noexcept {
  const std::span<const std::uint8_t> packet = rtcp_.make_report(Clock::now(), bye);
  const auto& peer = receiver_.peer().destination();
  if (!peer || packet.empty()) {
    return;
  }
  const bool heard_rtcp = rtcp_source_ && rtcp_source_->same_host(*peer);
  const auto rtcp_port = static_cast<std::uint16_t>(peer->port() + 1);
  send_datagram(sockets_.rtcp_fd(), packet,
                heard_rtcp ? *rtcp_source_ : peer->with_port(rtcp_port));
}

void MediaStream::send_bye() noexcept { send_report(true); }

void MediaStream::publish_stats() noexcept {
  StreamStats stats;
  stats.packets_sent = sender_.packets_sent();
  stats.frames_skipped = ticks_skipped_;
  receiver_.add_to(stats);
  rtcp_.add_to(stats);
  published_.publish(stats);
}

}  // namespace offhook::media
