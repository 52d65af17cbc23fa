#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>

#include <boost/asio/any_io_executor.hpp>

#include "audio/port.hpp"
#include "media/engine.hpp"
#include "sim/media_relay.hpp"
#include "sim/quirks.hpp"
#include "sip/sdp.hpp"

namespace offhook::sim {

/// How the media engine is to run what SDP agreed on.
[[nodiscard]] Result<media::StreamConfig> stream_config(const sip::NegotiatedMedia& media);

/// Instead of what a port says, noise; what it hears is untouched.
class NoisePort final : public audio::Port {
 public:
  explicit NoisePort(audio::Port& inner) : inner_{inner} {}
  void exchange(const audio::Frame& received, audio::Frame& to_send) noexcept override;

 private:
  audio::Port& inner_;
  std::minstd_rand noise_;
};

/// The RTP of one call, with what goes wrong with it. Control thread.
class CallMedia {
 public:
  /// @param engine  Must outlive this.
  CallMedia(boost::asio::any_io_executor control,
            media::Engine& engine,
            const QuirkSet& quirks,
            std::uint32_t seed);
  CallMedia(const CallMedia&) = delete;
  CallMedia& operator=(const CallMedia&) = delete;
  ~CallMedia();

  /// @param sockets  That our SDP names. @param port  Outlives this.
  [[nodiscard]] Result<> start(media::MediaSockets sockets,
                               const sip::NegotiatedMedia& media,
                               audio::Port& port);
  /// A re-INVITE changed what holds.
  [[nodiscard]] Result<> update(const sip::NegotiatedMedia& media);
  /// Does what is due in the midst of a call.
  void tick(std::chrono::steady_clock::time_point now);

  /// Nothing is sent or heard any more.
  void stop();

  /// Null before the start.
  [[nodiscard]] media::Stream* stream() noexcept { return stream_ ? &*stream_ : nullptr; }

 private:
  [[nodiscard]] Result<> start_stream(media::MediaSockets sockets);
  void change_ssrc();

  boost::asio::any_io_executor control_;
  media::Engine& engine_;
  QuirkSet quirks_;
  std::uint32_t seed_;
  sip::NegotiatedMedia media_{};
  audio::Port* port_ = nullptr;
  std::optional<NoisePort> noise_{};
  std::shared_ptr<MediaRelay> relay_{};
  std::optional<media::Stream> stream_{};
  std::chrono::steady_clock::time_point change_at_{};
  bool changed_ = false;
};

}  // namespace offhook::sim
