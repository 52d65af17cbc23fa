#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "audio/device/burst_meter.hpp"
#include "audio/device/drift_control.hpp"
#include "audio/device/sample_ring.hpp"
#include "audio/resampler.hpp"

namespace offhook::audio {

/// What a bridge saw, for reports. Any thread may read it.
struct BridgeStats {
  std::uint64_t underruns = 0;  ///< Times that sound was missing.
  std::uint64_t overruns = 0;   ///< Times that sound was dropped because too much waited.
  double delay_ms = 0;          ///< Sound that waits, at the last take.
  double drift_ppm = 0;         ///< The producer's clock against the consumer's.
  double burst_ms = 0;          ///< What the producer writes at once.
};

/// One direction of sound from a thread with one clock to a thread with another one.
///
/// The producer's side converts the rate, by a ratio that the consumer's side corrects so that what
/// waits in between stays where it is. Neither side blocks, locks or allocates.
class ClockBridge {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param block_ms  The least that the producer writes at once; bursts are measured.
  [[nodiscard]] static Result<std::unique_ptr<ClockBridge>> create(int from_hz,
                                                                   int to_hz,
                                                                   double block_ms);

  /// Producer. At most 50 ms at once.
  void write(std::span<const std::int16_t> samples, Clock::time_point now) noexcept;

  /// Consumer: always fills `samples`; with silence where nothing is there.
  /// @return false when it is silence because sound is missing.
  bool read(std::span<std::int16_t> samples, Clock::time_point now) noexcept;

  [[nodiscard]] BridgeStats stats() const noexcept;

 private:
  ClockBridge(Resampler resampler, int from_hz, int to_hz, double block_ms);
  [[nodiscard]] double to_ms(std::size_t samples) const noexcept;
  [[nodiscard]] double level_ms(std::size_t buffered, Clock::time_point now) const noexcept;
  void run_dry(std::span<std::int16_t> samples) noexcept;
  void drop_excess(std::size_t wanted) noexcept;
  void publish(double reserve_ms) noexcept;

  double samples_per_ms_;  // of the output

  // Producer.
  Resampler resampler_;
  std::vector<std::int16_t> converted_;
  int applied_ppm_ = 0;
  BurstMeter bursts_;

  SampleRing ring_;
  std::atomic<Clock::time_point> written_at_{Clock::time_point{}};
  std::atomic<double> burst_ms_;
  std::atomic<int> wanted_ppm_{0};

  // Consumer.
  DriftControl control_;
  Clock::time_point read_at_{};
  bool filling_ = true;
  bool heard_ = false;

  std::atomic<std::uint64_t> underruns_{0};
  std::atomic<std::uint64_t> overruns_{0};
  std::atomic<double> delay_ms_{0};
  std::atomic<double> drift_ppm_{0};
};

}  // namespace offhook::audio
