#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "audio/port.hpp"
#include "media/event_sink.hpp"
#include "media/rtcp_session.hpp"
#include "media/rtp_receiver.hpp"
#include "media/rtp_sender.hpp"
#include "media/seq_lock.hpp"
#include "media/stream_setup.hpp"
#include "media/udp.hpp"

namespace offhook::media {

/// One stream as the media thread sees it: its sockets, both halves, RTCP. Made and destroyed on
/// the owner's thread; between `Engine::add` and removal only the media thread touches it, except
/// for `events` and `stats`.
class MediaStream {
 public:
  using Clock = std::chrono::steady_clock;

  MediaStream(MediaSockets sockets,
              std::unique_ptr<StreamSetup> setup,
              audio::Port& port,
              Clock::time_point now);

  // Media thread.
  void apply(StreamSetup& setup) noexcept;
  [[nodiscard]] bool push_digit(const DtmfSender::Tone& tone) noexcept {
    return sender_.push_digit(tone);
  }
  /// Reads what waits in one of the two sockets, a bounded part of it.
  void on_readable(int fd, ReceiveBatch& batch) noexcept;
  /// The 20 ms that begin at `due`: plays, exchanges with the port, sends.
  void tick(Clock::time_point due) noexcept;
  /// We were too late for 20 ms: time goes on without sound, so that no burst follows.
  void skip_tick() noexcept;
  /// Tells the peer that this was all.
  void send_bye() noexcept;

  // Any thread.
  [[nodiscard]] std::optional<StreamEvent> next_event() noexcept { return events_.next(); }
  [[nodiscard]] StreamStats stats() const noexcept { return published_.read(); }
  [[nodiscard]] const MediaSockets& sockets() const noexcept { return sockets_; }

 private:
  void on_datagram(const ReceiveBatch::Datagram& datagram,
                   bool rtcp,
                   Clock::time_point now) noexcept;
  void send_audio(const audio::Frame& frame) noexcept;
  void send_report(bool bye) noexcept;
  void publish_stats() noexcept;

  MediaSockets sockets_;
  audio::Port& port_;
  int audio_rate_hz_ = 16'000;
  bool send_ = true;
  bool draining_ = true;  ///< What the sockets gathered before the stream began is being read.
  EventSink events_{};
  RtpSender sender_;
  RtpReceiver receiver_;
  RtcpSession rtcp_;
  std::optional<SocketAddress> rtcp_source_{};
  audio::Frame received_{};
  audio::Frame to_send_{};
  std::uint64_t ticks_skipped_ = 0;
  SeqLock<StreamStats> published_{};
};

}  // namespace offhook::media
