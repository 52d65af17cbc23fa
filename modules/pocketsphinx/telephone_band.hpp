#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace offhook::pocketsphinx {

/// Makes telephone speech look like the wideband speech that the acoustic model was trained on.

inline constexpr std::size_t cepstra_size = 13;
using Cepstra = std::array<float, cepstra_size>;

/// Noise of some bits, because digital silence upsets the front end, and for 8 kHz speech a faint
/// mirror image of 0–4 kHz in 4–8 kHz, because filters without any energy do.
class BandFiller {
 public:
  explicit BandFiller(bool narrowband) noexcept : narrowband_{narrowband} {}
  void process(std::span<std::int16_t> samples) noexcept;

 private:
  bool narrowband_;
  bool odd_ = false;
  std::uint32_t noise_ = 1;  ///< A fixed start: the same speech gives the same words.
};

/// A small network that guesses the cepstra of wideband speech from those of narrowband speech:
/// seven frames in, one out, 64 hidden units beside a linear path. Trained on pairs of synthetic
/// speech, before and after G.711, by narrowband/train_map.py.
class CepstraMap {
 public:
  static constexpr std::size_t context = 3;  ///< Frames on either side.

  /// @return false when the file cannot be read or is something else.
  [[nodiscard]] bool load(const std::string& path);

  /// @param frames  Of the utterance so far; @param at  Which of them. Frames beyond the ends count
  ///                as the first and the last.
  [[nodiscard]] Cepstra map(const std::vector<Cepstra>& frames, std::size_t at) const;

 private:
  static constexpr std::size_t hidden = 64;
  static constexpr std::size_t inputs = (2 * context + 1) * cepstra_size;

  Cepstra input_mean_{};
  Cepstra input_deviation_{};
  Cepstra output_mean_{};
  Cepstra output_deviation_{};
  std::array<float, hidden * inputs> hidden_weights_{};
  std::array<float, hidden> hidden_bias_{};
  std::array<float, cepstra_size * hidden> output_weights_{};
  Cepstra output_bias_{};
  std::array<float, cepstra_size * inputs> direct_weights_{};
};

}  // namespace offhook::pocketsphinx
