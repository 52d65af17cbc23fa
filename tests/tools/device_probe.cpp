// Plays noise on a sound device and finds it again in what the microphone hears.
// Prints one JSON line per half second: lag from playing to capturing in samples, and how alike the
// two are; with "calls" through a call's whole path (20 ms frames, drift control) instead.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "audio/device/audio_device.hpp"
#include "audio/device/device.hpp"
#include "audio/fft.hpp"

namespace audio = offhook::audio;

namespace {

using Samples = std::vector<std::int16_t>;
using Clock = std::chrono::steady_clock;

/// Low, so that it is alike when a server or a call stretches it.
class Noise {
 public:
  std::int16_t next() noexcept {
    if (position_++ % hold != 0) {
      return static_cast<std::int16_t>(static_cast<std::int32_t>(state_) >> 18);
    }
    state_ = state_ * 1'664'525U + 1'013'904'223U;
    return static_cast<std::int16_t>(static_cast<std::int32_t>(state_) >> 18);
  }

 private:
  static constexpr int hold = 32;  ///< Samples that stay the same.
  int position_ = 0;
  std::uint32_t state_ = 1;
};

struct Found {
  double lag = 0;       ///< Samples; the second is later.
  double likeness = 0;  ///< Normalised correlation there, 0 to 1.
};

/// Where `heard` is in `played`, which has `margin` samples before the place of `heard`.
Found locate(std::span<const std::int16_t> played, std::span<const std::int16_t> heard) {
  const audio::Fft fft{std::bit_ceil(played.size() + heard.size())};
  std::vector<std::complex<float>> a(fft.size());
  std::vector<std::complex<float>> b(fft.size());
  std::ranges::copy(played, a.begin());
  std::ranges::copy(heard, b.begin());
  fft.forward(a);
  fft.forward(b);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] *= std::conj(b[i]);
  }
  fft.inverse(a);
  const std::size_t span = played.size() - heard.size();
  std::size_t best = 0;
  for (std::size_t i = 0; i <= span; ++i) {
    best = std::abs(a[i].real()) > std::abs(a[best].real()) ? i : best;
  }
  double energy_played = 1;
  double energy_heard = 1;
  for (std::size_t i = 0; i < heard.size(); ++i) {
    energy_played += static_cast<double>(played[best + i]) * played[best + i];
    energy_heard += static_cast<double>(heard[i]) * heard[i];
  }
  return {static_cast<double>(span - best),
          std::abs(a[best].real()) / std::sqrt(energy_played * energy_heard)};
}

/// How much the server gives or takes at once: what comes within a millisecond is one burst.
class Bursts {
 public:
  void note(std::size_t samples) noexcept {
    const auto now = Clock::now();
    if (now - last_ > std::chrono::milliseconds{1} && now_ > 0) {
      ++counts_[std::min(now_ / 48, counts_.size() - 1)];
      now_ = 0;
    }
    now_ += samples;
    last_ = now;
  }
  void print(const char* way) const {
    for (std::size_t ms = 0; ms < counts_.size(); ++ms) {
      if (counts_[ms] > 0) {
        fmt::print(R"({{"bursts":"{}","ms":{},"count":{}}})"
                   "\n",
                   way, ms, counts_[ms]);
      }
    }
  }

 private:
  Clock::time_point last_{};
  std::size_t now_ = 0;
  std::array<int, 200> counts_{};
};

/// Both directions on one time line of samples, counted from when the callback handled them.
class Tape final : public audio::DeviceCallback {
 public:
  explicit Tape(double seconds)
      : played(static_cast<std::size_t>((seconds + 5) * audio::device_rate_hz)),
        heard(played.size()) {}

  void captured(std::span<const std::int16_t> samples) noexcept override {
    capture_bursts.note(samples.size());
    put(heard, samples, end_of(samples.size()));
  }
  void play(std::span<std::int16_t> samples) noexcept override {
    play_bursts.note(samples.size());
    for (std::int16_t& sample : samples) {
      sample = noise_.next();
    }
    const auto began = static_cast<std::size_t>(end_of(0));
    if (play_position_ == 0 || began > play_position_ + 4'800) {
      play_position_ = began;
    }
    put(played, samples, play_position_ + samples.size());
    play_position_ += samples.size();
  }

  Samples played;
  Samples heard;
  Bursts capture_bursts;
  Bursts play_bursts;

 private:
  /// Position of now, steadied: a callback may be late, but time does not jump.
  std::size_t end_of(std::size_t count) noexcept {
    const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
    const auto now = static_cast<std::size_t>(seconds * audio::device_rate_hz);
    if (count == 0) {
      return now;
    }
    if (heard_position_ == 0 || now > heard_position_ + count + 4'800) {
      heard_position_ = now;
    } else {
      heard_position_ += count;
    }
    return heard_position_;
  }
  static void put(Samples& tape, std::span<const std::int16_t> samples, std::size_t end) noexcept {
    if (end >= samples.size() && end <= tape.size()) {
      std::ranges::copy(samples, tape.begin() + static_cast<std::ptrdiff_t>(end - samples.size()));
    }
  }

  Clock::time_point began_ = Clock::now();
  std::size_t play_position_ = 0;
  std::size_t heard_position_ = 0;
  Noise noise_;
};

void print_windows(const Samples& played, const Samples& heard, int rate_hz, double seconds) {
  const auto window = static_cast<std::size_t>(rate_hz) / 4;
  const auto margin = static_cast<std::size_t>(rate_hz);
  const auto end = std::min(heard.size(), static_cast<std::size_t>(seconds * rate_hz));
  for (std::size_t at = margin; at + window <= end; at += 2 * window) {
    const Found found = locate(std::span{played}.subspan(at - margin, margin + window),
                               std::span{heard}.subspan(at, window));
    fmt::print(R"({{"at_s":{:.2f},"lag_ms":{:.2f},"likeness":{:.3f}}})"
               "\n",
               static_cast<double>(at) / rate_hz, found.lag * 1'000 / rate_hz, found.likeness);
  }
}

void print_notice(const audio::DeviceNotice& notice, Clock::time_point began) {
  fmt::print(R"({{"notice":"{}","device":"{}","text":"{}","at_s":{:.2f}}})"
             "\n",
             audio::to_string(notice.kind), audio::to_string(notice.device), notice.text,
             std::chrono::duration<double>(notice.at - began).count());
  std::fflush(stdout);
}

int complain(const offhook::Error& error) {
  fmt::print(R"({{"error":"{}"}})"
             "\n",
             error.detail);
  return 1;
}

int probe_device(const audio::DeviceRequest& request, double seconds) {
  const auto began = Clock::now();
  Tape tape{seconds};
  auto device = audio::open_audio_device(request, tape);
  if (!device) {
    return complain(device.error());
  }
  fmt::print(R"({{"backend":"{}"}})"
             "\n",
             (*device)->backend());
  std::fflush(stdout);
  while (Clock::now() < began + std::chrono::duration<double>(seconds)) {
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    while (const auto notice = (*device)->next_notice()) {
      print_notice(*notice, began);
    }
  }
  const audio::DeviceCounters counters = (*device)->counters();
  device->reset();
  print_windows(tape.played, tape.heard, audio::device_rate_hz, seconds);
  tape.capture_bursts.print("captured");
  tape.play_bursts.print("played");
  fmt::print(R"({{"capture_gaps":{},"playback_gaps":{},"interruptions":{}}})"
             "\n",
             counters.capture_gaps, counters.playback_gaps, counters.interruptions);
  return 0;
}

int probe_call(const audio::DeviceRequest& request, double seconds) {
  constexpr int rate_hz = 24'000;
  auto device = audio::open_device({.rate_hz = rate_hz, .request = request});
  if (!device) {
    return complain(device.error());
  }
  fmt::print(R"({{"backend":"{}"}})"
             "\n",
             (*device)->stats().backend);
  std::fflush(stdout);
  Samples sent;
  Samples received;
  Noise noise;
  audio::Frame to_peer;
  audio::Frame from_peer;
  from_peer.silence(rate_hz);
  const auto began = Clock::now();
  auto due = began;
  while (due < began + std::chrono::duration<double>(seconds)) {
    for (std::int16_t& sample : from_peer.samples()) {
      sample = noise.next();
    }
    (*device)->exchange(from_peer, to_peer);
    received.insert(received.end(), from_peer.samples().begin(), from_peer.samples().end());
    sent.insert(sent.end(), to_peer.samples().begin(), to_peer.samples().end());
    while (const auto notice = (*device)->next_notice()) {
      print_notice(*notice, began);
    }
    std::this_thread::sleep_until(due += audio::frame_duration);
  }
  const audio::DeviceStats stats = (*device)->stats();
  print_windows(received, sent, rate_hz, seconds);
  fmt::print(
      R"({{"capture_underruns":{},"playback_underruns":{},"capture_overruns":{},"playback_overruns":{},"capture_ms":{:.1f},"playback_ms":{:.1f},"capture_ppm":{:.0f},"playback_ppm":{:.0f}}})"
      "\n",
      stats.capture.underruns, stats.playback.underruns, stats.capture.overruns,
      stats.playback.overruns, stats.capture.delay_ms, stats.playback.delay_ms,
      stats.capture.drift_ppm, stats.playback.drift_ppm);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Finds the sound of a loudspeaker in that of a microphone"};
  audio::DeviceRequest request;
  double seconds = 5;
  bool call = false;
  app.add_option("--mic", request.microphone);
  app.add_option("--speaker", request.loudspeaker);
  app.add_option("--backend", request.backend);
  app.add_option("--seconds", seconds);
  app.add_flag("--call", call, "through the path of a call");
  CLI11_PARSE(app, argc, argv);
  return call ? probe_call(request, seconds) : probe_device(request, seconds);
}
