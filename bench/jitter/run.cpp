#include "run.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include <time.h>

#include "delay_track.hpp"
#include "media/jitter_buffer_factory.hpp"
#include "talk.hpp"

namespace offhook::bench {
namespace {

using media::JitterBuffer;

constexpr double frame_ms = 20;
constexpr std::size_t frame_samples = talk_rate_hz / 50;
constexpr int window_frames = 12;
constexpr int frames_between_windows = 10;
constexpr int talk_seconds = 40;  ///< Then it is said again.

double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

std::vector<std::vector<std::uint8_t>> encode(std::span<const std::int16_t> sound,
                                              audio::Encoder& encoder) {
  std::vector<std::vector<std::uint8_t>> payloads;
  for (std::size_t at = 0; at + frame_samples <= sound.size(); at += frame_samples) {
    audio::Frame frame;
    frame.silence(talk_rate_hz);
    std::copy_n(sound.begin() + static_cast<std::ptrdiff_t>(at), frame_samples,
                frame.storage.begin());
    std::array<std::uint8_t, audio::max_payload_bytes> payload;
    const std::size_t bytes = encoder.encode(frame, payload);
    payloads.emplace_back(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(bytes));
  }
  return payloads;
}

/// The delay of encoder and decoder alone.
double codec_ms(const std::vector<std::vector<std::uint8_t>>& payloads,
                const DelayTrack& track,
                audio::CodecId codec) {
  const auto decoder = audio::make_decoder(codec, talk_rate_hz).value();
  std::vector<std::int16_t> heard;
  for (std::size_t i = 0; i < 200; ++i) {
    audio::Frame frame;
    static_cast<void>(decoder->decode(payloads[i], frame));
    heard.insert(heard.end(), frame.samples().begin(), frame.samples().end());
  }
  std::vector<double> lags;
  constexpr std::size_t window = frame_samples * window_frames;
  for (std::size_t at = window; at + window <= heard.size(); at += window) {
    const double at_ms = static_cast<double>(at) * 1'000 / talk_rate_hz;
    if (const auto lag = track.lag_ms(std::span{heard}.subspan(at, window), at_ms)) {
      lags.push_back(*lag);
    }
  }
  std::ranges::sort(lags);
  return lags.empty() ? 0 : lags[lags.size() / 2];
}

double mean(std::span<const double> values) {
  return values.empty() ? 0
                        : std::accumulate(values.begin(), values.end(), 0.0) /
                              static_cast<double>(values.size());
}

/// One run: the packets on their way, the buffer, and what came out of it.
class Run {
 public:
  Run(const Network& network, const Setup& setup, JitterBuffer& buffer, int clock_hz)
      : setup_{setup},
        buffer_{buffer},
        ticks_per_ms_{static_cast<std::uint32_t>(clock_hz / 1'000)},
        arrivals_{travel(network, setup.seconds * 50, setup.seed)},
        slowness_{1 + network.ppm * 1e-6},
        pauses_{network.delay == Network::Delay::pauses ||
                network.delay == Network::Delay::pauses_standing} {}

  void play(const std::vector<std::vector<std::uint8_t>>& payloads,
            const DelayTrack& track,
            double codec_ms) {
    const double end_ms = arrivals_.back().at_ms + 200;
    int frame_number = 0;
    for (double now_ms = setup_.phase_ms; now_ms < end_ms; now_ms += frame_ms, ++frame_number) {
      const double began_us = cpu_us();
      audio::Frame frame;
      insert_until(now_ms, payloads);
      buffer_.next_frame(frame, at(now_ms));
      spent_us_ += cpu_us() - began_us;
      listen(frame, now_ms, track, codec_ms);
    }
    frames_ = frame_number;
  }

  [[nodiscard]] Outcome outcome() const {
    const auto sent = static_cast<double>(setup_.seconds) * 50;
    std::vector<double> sorted = added_ms_;
    std::ranges::sort(sorted);
    const double concealed = static_cast<double>(buffer_.stats().concealed);
    return {.concealed_percent = 100 * concealed / sent,
            .added_ms = mean(sorted),
            .added_p95_ms = sorted.empty() ? 0 : sorted[sorted.size() * 95 / 100],
            .first_minute_ms = mean(first_minute_),
            .last_minute_ms = mean(last_minute_),
            .cpu_us = spent_us_ / std::max(frames_, 1)};
  }

 private:
  static JitterBuffer::Clock::time_point at(double ms) {
    return JitterBuffer::Clock::time_point{
        std::chrono::microseconds{1'000'000'000 + std::llround(ms * 1'000)}};
  }

  void insert_until(double now_ms, const std::vector<std::vector<std::uint8_t>>& payloads) {
    for (; next_ < arrivals_.size() && arrivals_[next_].at_ms <= now_ms; ++next_) {
      const Arrival& arrival = arrivals_[next_];
      const auto number = static_cast<std::uint32_t>(arrival.packet);
      const std::uint32_t ms = number * 20 + static_cast<std::uint32_t>(arrival.timestamp_ms);
      const media::RtpHeader header{
          .sequence = media::SequenceNumber{static_cast<std::uint16_t>(number)},
          .timestamp = media::RtpTimestamp{ms * ticks_per_ms_},
          .ssrc = 1};
      buffer_.insert({.header = header, .payload = payloads[number % payloads.size()]},
                     at(arrival.at_ms));
    }
  }

  /// Keeps the last frames; now and then looks how old they are.
  void listen(const audio::Frame& frame, double now_ms, const DelayTrack& track, double codec_ms) {
    heard_.insert(heard_.end(), frame.samples().begin(), frame.samples().end());
    const std::size_t window = frame_samples * window_frames;
    const bool first_minute = now_ms < 60'000;
    const bool last_minute = now_ms > setup_.seconds * 1'000.0 - 60'000;
    if (heard_.size() < window + frame_samples * frames_between_windows) {
      return;
    }
    if (now_ms > 2'000 && (first_minute || last_minute) && !pauses_) {
      // In the time of the sender, who is a second off after an hour of 300 ppm.
      const double heard_ms = (now_ms + frame_ms - window_frames * frame_ms) / slowness_;
      const double repeated_ms =
          std::floor(std::max(heard_ms - 700, 0.0) / (talk_seconds * 1'000)) * talk_seconds * 1'000;
      const auto lag = track.lag_ms(std::span{heard_}.last(window), heard_ms - repeated_ms);
      if (lag) {
        const double added = *lag - base_delay_ms - frame_ms - codec_ms;
        added_ms_.push_back(added);
        (first_minute ? first_minute_ : last_minute_).push_back(added);
      }
    }
    heard_.erase(heard_.begin(), heard_.end() - static_cast<std::ptrdiff_t>(window));
  }

  const Setup& setup_;
  JitterBuffer& buffer_;
  std::uint32_t ticks_per_ms_;
  std::vector<Arrival> arrivals_;
  double slowness_;  ///< Of the sender's clock.
  bool pauses_;
  std::size_t next_ = 0;
  std::vector<std::int16_t> heard_;
  std::vector<double> added_ms_;
  std::vector<double> first_minute_;
  std::vector<double> last_minute_;
  double spent_us_ = 0;
  int frames_ = 0;
};

}  // namespace

Result<Outcome> run(const Network& network, const Setup& setup) {
  const std::vector<std::int16_t> said = talk(std::min(setup.seconds, talk_seconds), 11);
  auto encoder = audio::make_encoder(setup.codec, talk_rate_hz);
  if (!encoder) {
    return fail(std::move(encoder).error());
  }
  auto buffer = media::make_jitter_buffer(setup.buffer, setup.codec, talk_rate_hz);
  if (!buffer) {
    return fail(std::move(buffer).error());
  }
  (*encoder)->set_expected_loss(setup.expected_loss_percent);
  const auto payloads = encode(said, **encoder);
  const DelayTrack track{said, talk_rate_hz};
  Run one{network, setup, **buffer, audio::codec_info(setup.codec).rtp_clock_hz};
  one.play(payloads, track, codec_ms(payloads, track, setup.codec));
  return one.outcome();
}

}  // namespace offhook::bench
