#pragma once

#include <optional>

namespace offhook::audio {

/// Decides by how much a stream between two clocks is stretched, so that the buffer between them
/// neither runs dry nor grows: a proportional-integral controller, fed with the buffer's level. A
/// pure object, for the thread that takes from the buffer.
///
/// What is too much or too little after a hiccup, or because another level is wanted, is corrected
/// by a course of its own: it begins at the level as it is and approaches the target. So it is not
/// taken for a drift, and the drift stays known.
///
/// The level is what is buffered plus what the producer, that writes in blocks, already has of its
/// next block: it does not depend on where in the producer's block the consumer takes.
class DriftControl {
 public:
  /// @param block_ms  How much the producer writes at once.
  explicit DriftControl(double block_ms) noexcept;

  /// After each take. @param reserve_ms  What was really left in the buffer.
  void observe(double level_ms, double reserve_ms, double elapsed_ms) noexcept;

  /// The producer turned out to write more, or less, at once.
  void set_block(double block_ms) noexcept;

  /// The buffer ran dry: more is kept from now on.
  void on_underrun() noexcept;

  /// The buffer was refilled: what was observed before says nothing about it.
  void restart() noexcept;

  /// Level to hold: the producer's block and what its lateness has been seen to need.
  [[nodiscard]] double target_ms() const noexcept { return target_ms_; }

  /// Parts per million by which the producer must make less than its own clock tells.
  [[nodiscard]] double correction_ppm() const noexcept { return correction_ppm_; }

  /// The producer's clock against the consumer's, as far as known: positive when it is faster.
  [[nodiscard]] double drift_ppm() const noexcept { return drift_ppm_; }

 private:
  void correct() noexcept;
  [[nodiscard]] double advance_course(double level_ms) noexcept;
  void adapt_target() noexcept;

  double block_ms_;
  double margin_ms_;  // what the target holds above the producer's block
  double target_ms_;
  std::optional<double> course_ms_{};  // where the level should be by now
  double course_ppm_ = 0;
  double correction_ppm_ = 0;
  double drift_ppm_ = 0;
  // Since the last correction.
  double level_sum_ = 0;
  double elapsed_ms_ = 0;
  int observations_ = 0;
  // Since the target was last looked at.
  double lowest_reserve_ms_ = 0;
  double target_age_ms_ = 0;
};

}  // namespace offhook::audio
