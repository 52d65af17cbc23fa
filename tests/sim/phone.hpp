#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audio/codec.hpp"
#include "audio/port.hpp"
#include "base/spsc_ring.hpp"
#include "sim/call_leg.hpp"
#include "sim_fixture.hpp"

namespace offhook::sim {

/// What a caller says and hears: plays what it is told to, keeps everything that comes.
class CallerPort : public audio::Port {
 public:
  void exchange(const audio::Frame& received, audio::Frame& to_send) noexcept override {
    static_cast<void>(to_say_.pop(to_send));
    const auto samples = received.samples();
    const std::size_t at = heard_.load(std::memory_order_relaxed);
    if (at + samples.size() <= record_.size()) {
      std::copy(samples.begin(), samples.end(), record_.begin() + static_cast<std::ptrdiff_t>(at));
      heard_.store(at + samples.size(), std::memory_order_release);
    }
  }

  /// Queues speech at 16 kHz.
  void say(std::span<const std::int16_t> samples) {
    for (std::size_t at = 0; at < samples.size(); at += 320) {
      audio::Frame frame;
      frame.silence(voice_rate_hz);
      const std::size_t count = std::min<std::size_t>(320, samples.size() - at);
      std::copy_n(samples.begin() + static_cast<std::ptrdiff_t>(at), count, frame.storage.begin());
      static_cast<void>(to_say_.push(frame));
    }
  }
  [[nodiscard]] bool saying() const noexcept { return to_say_.size() > 0; }
  [[nodiscard]] std::span<const std::int16_t> heard() const noexcept {
    return {record_.data(), heard_.load(std::memory_order_acquire)};
  }

 private:
  SpscRing<audio::Frame> to_say_{1'024};
  std::vector<std::int16_t> record_ = std::vector<std::int16_t>(voice_rate_hz * 60);
  std::atomic<std::size_t> heard_{0};
};

/// A telephone that calls the sim.
class Phone {
 public:
  Phone(SimWorld& world, std::vector<std::string_view> codecs, sip::SdpProfile profile)
      : world_{world}, sockets_{media::MediaSockets::bind("127.0.0.1").value()} {
    sip::MediaCapabilities own;
    own.address = sockets_->address();
    own.port = sockets_->rtp_port();
    for (std::string_view name : codecs) {
      const auto id = audio::codec_by_name(name);
      if (!id) {
        own.codecs.push_back({96, std::string{name}});
        continue;
      }
      const auto& info = audio::codec_info(*id);
      own.codecs.push_back({info.payload_type, std::string{info.sdp_name}, info.rtp_clock_hz,
                            info.sdp_channels, std::string{info.fmtp}});
    }
    own.codecs.push_back({101, "telephone-event", 8'000, 1, "0-16"});
    offer_ = sip::make_offer(std::move(own), profile).value();
  }

  /// @param quirks  Faults that the caller wishes for.
  void dial(const std::string& project = "proj_sim", const std::string& quirks = {}) {
    sip::InviteOptions options;
    options.target = world_.sip_target(project);
    options.headers = {{"X-Offhook-Call", "call-1"}};
    if (!quirks.empty()) {
      options.headers.push_back({std::string{quirks_header}, quirks});
    }
    options.sdp = offer_.sdp;
    call_.emplace(world_.phone().invite(std::move(options)));
  }

  /// The next event of that kind or the one that ends the call, whichever is first.
  sip::CallEvent next(sip::CallEvent::Kind kind) {
    for (;;) {
      sip::CallEvent event = world_.run(call_->next_event());
      if (event.kind == kind || event.kind == sip::CallEvent::Kind::failed ||
          event.kind == sip::CallEvent::Kind::closed) {
        return event;
      }
    }
  }

  /// Waits for the answer and lets sound flow.
  void talk() {
    const auto event = next(sip::CallEvent::Kind::answered);
    media = sip::apply_answer(offer_, event.sdp).value();
    answer_sdp = event.sdp;
    stream.emplace(
        world_.engine().add(std::move(*sockets_), stream_config(media).value(), port).value());
  }

  [[nodiscard]] sip::Call& call() { return *call_; }

  CallerPort port;
  sip::NegotiatedMedia media;
  std::string answer_sdp;
  std::optional<media::Stream> stream{};

 private:
  SimWorld& world_;
  std::optional<media::MediaSockets> sockets_;
  sip::MediaOffer offer_;
  std::optional<sip::Call> call_{};
};

}  // namespace offhook::sim
