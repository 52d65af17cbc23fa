#include "call.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <deque>
#include <memory>
#include <random>
#include <utility>

#include "audio/device/sound_path.hpp"
#include "marks.hpp"
#include "media/event_sink.hpp"
#include "media/rtp_receiver.hpp"
#include "media/rtp_sender.hpp"

namespace offhook::bench {
namespace {

using audio::SoundPath;

constexpr int call_hz = 16'000;
constexpr double frame_s = 0.02;
constexpr double block_s = 0.01;
constexpr double network_s = 0.03;
constexpr double network_jitter_s = 0.008;
/// How late a thread gets its turn.
constexpr double thread_jitter_s = 0.001;

/// Hands the microphone through: what a canceller does to sound has gates of its own.
class HandThrough final : public audio::VoiceProcessor {
 public:
  void process(std::span<const std::int16_t> /*far*/,
               std::span<const std::int16_t> near,
               std::span<std::int16_t> out) noexcept override {
    std::ranges::copy(near, out.begin());
  }
  [[nodiscard]] audio::VoiceProcessorStats stats() const noexcept override { return {}; }
};

/// One way: when marks were said, and when they were heard.
class Marks {
 public:
  void said(double at_s) { said_.push_back(at_s); }
  void heard(double at_s) {
    if (heard_ < said_.size()) {
      way_.delay_ms.push_back((at_s - said_[heard_++]) * 1'000);
    }
  }
  [[nodiscard]] Way way() const {
    Way way = way_;
    way.said = said_.size();
    return way;
  }

 private:
  std::vector<double> said_;
  std::size_t heard_ = 0;
  Way way_;
};

struct Packet {
  double arrives_s = 0;
  std::size_t bytes = 0;
  std::array<std::uint8_t, 512> data{};  // with room for what works in place
};

class Call {
 public:
  Call(const Setup& setup,
       std::unique_ptr<SoundPath> path,
       media::StreamSetup& ours,
       media::StreamSetup& of_peer)
      : block_s_{block_s / (1 + setup.clocks.device_ppm * 1e-6)},
        peer_frame_s_{frame_s / (1 + setup.clocks.peer_ppm * 1e-6)},
        path_{std::move(path)},
        peer_address_{*ours.remote} {
    receiver_.apply(ours);
    peer_.apply(of_peer);
  }

  void run(double seconds) {
    while (media_due_s_ < seconds) {
      if (device_due_s_ <= std::min(media_due_s_, peer_due_s_)) {
        device(device_due_s_);
        device_due_s_ += block_s_;
      } else if (peer_due_s_ <= media_due_s_) {
        peer(peer_due_s_);
        peer_due_s_ += peer_frame_s_;
      } else {
        media(media_due_s_);
        media_due_s_ += frame_s;
      }
    }
  }

  [[nodiscard]] Outcome outcome() const {
    Outcome outcome{.microphone_to_wire = outwards_.way(),
                    .wire_to_loudspeaker = inwards_.way(),
                    .capture = path_->capture_stats(),
                    .playback = path_->playback_stats(),
                    .far_skips = path_->far_skips()};
    receiver_.add_to(outcome.stream);
    return outcome;
  }

 private:
  static SoundPath::Clock::time_point at(double seconds) {
    return SoundPath::Clock::time_point{} +
           std::chrono::nanoseconds{std::llround((1'000 + seconds) * 1e9)};
  }
  double up_to(double seconds) { return std::uniform_real_distribution{0.0, seconds}(random_); }

  /// The device has heard a block, and plays one, at `due_s` by its clock.
  void device(double due_s) {
    std::array<std::int16_t, audio::device_block_samples> block{};
    if (const auto mark = microphone_.fill(block)) {
      outwards_.said(due_s - block_s_ + static_cast<double>(*mark) / audio::device_rate_hz);
    }
    const auto now = at(due_s + up_to(thread_jitter_s));
    path_->captured(block);
    path_->work(now);
    path_->play_at(block, now);
    if (const auto mark = loudspeaker_.hear(block)) {
      inwards_.heard(due_s + static_cast<double>(*mark) / audio::device_rate_hz);
    }
  }

  /// The peer has 20 ms for a packet.
  void peer(double due_s) {
    audio::Frame frame;
    frame.silence(call_hz);
    if (const auto mark = model_.fill(frame.samples())) {
      inwards_.said(due_s - peer_frame_s_ + static_cast<double>(*mark) / call_hz);
    }
    Packet packet;
    const auto bytes = peer_.next_packet(frame);
    std::ranges::copy(bytes, packet.data.begin());
    packet.bytes = bytes.size();
    packet.arrives_s = due_s + network_s + up_to(network_jitter_s);
    on_the_way_.push_back(packet);
  }

  void media(double due_s) {
    for (; !on_the_way_.empty() && on_the_way_.front().arrives_s <= due_s;
         on_the_way_.pop_front()) {
      Packet& packet = on_the_way_.front();
      receiver_.on_packet(packet.data, packet.bytes, peer_address_, at(packet.arrives_s));
    }
    audio::Frame received;
    audio::Frame to_send;
    receiver_.next_frame(received, at(due_s));
    const auto now = at(due_s + up_to(thread_jitter_s));
    path_->exchange(received, to_send, now);
    path_->work(now);
    if (const auto mark = wire_.hear(to_send.samples())) {
      outwards_.heard(due_s + static_cast<double>(*mark) / call_hz);
    }
    while (events_.next()) {
    }
  }

  double block_s_;
  double peer_frame_s_;
  std::unique_ptr<SoundPath> path_;
  media::SocketAddress peer_address_;
  media::EventSink events_;
  media::EventSink events_of_peer_;
  media::RtpReceiver receiver_{events_, at(0)};
  media::RtpSender peer_{events_of_peer_};
  std::deque<Packet> on_the_way_;
  std::mt19937 random_{1};  // NOLINT(*-msc51-cpp): the same in every run
  MarkedTalk microphone_{audio::device_rate_hz};
  MarkedTalk model_{call_hz};
  MarkFinder wire_{call_hz};
  MarkFinder loudspeaker_{audio::device_rate_hz};
  Marks outwards_;
  Marks inwards_;
  double device_due_s_ = 0.003;
  double media_due_s_ = 0;
  double peer_due_s_ = 0.011;
};

}  // namespace

Result<Outcome> call(const Setup& setup) {
  const media::StreamConfig config{.remote_address = "192.0.2.1",
                                   .remote_port = 4'000,
                                   .audio_rate_hz = call_hz,
                                   .jitter_buffer = setup.buffer};
  auto path = SoundPath::create(call_hz, std::make_unique<HandThrough>());
  auto ours = media::make_setup(config, nullptr, AF_INET);
  auto of_peer = media::make_setup(config, nullptr, AF_INET);
  if (!path) {
    return fail(std::move(path).error());
  }
  if (!ours || !of_peer) {
    return fail(std::move(ours ? of_peer : ours).error());
  }
  Call one{setup, std::move(*path), **ours, **of_peer};
  one.run(setup.seconds);
  return one.outcome();
}

}  // namespace offhook::bench
