#include "telephone_band.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <sstream>

namespace offhook::pocketsphinx {
namespace {

constexpr float wideband_noise = 10;  // rms, in steps of 16 bit
constexpr float narrowband_noise = 3;
constexpr float mirror = 0.1F;  // −20 dB

/// Reads "name count number…" into `numbers`.
bool read_row(std::istream& file, const std::string& name, std::span<float> numbers) {
  std::string line;
  do {
    if (!std::getline(file, line)) {
      return false;
    }
  } while (line.starts_with('#'));
  std::istringstream row{line};
  std::string is;
  std::size_t count = 0;
  row >> is >> count;
  if (is != name || count != numbers.size()) {
    return false;
  }
  for (float& number : numbers) {
    row >> number;
  }
  return !row.fail();
}

float dot(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

}  // namespace

void BandFiller::process(std::span<std::int16_t> samples) noexcept {
  const float level = narrowband_ ? narrowband_noise : wideband_noise;
  for (std::int16_t& sample : samples) {
    float noise = 0;
    for (int i = 0; i < 4; ++i) {  // the sum of four is about normal, with an rms of 1.15
      noise_ = noise_ * 1'664'525U + 1'013'904'223U;
      noise += static_cast<float>(static_cast<std::int32_t>(noise_)) / 2'147'483'648.0F;
    }
    float value = static_cast<float>(sample) + noise * level / 1.155F;
    if (narrowband_) {
      value *= odd_ ? 1 - mirror : 1 + mirror;  // times (−1)^n mirrors the spectrum
      odd_ = !odd_;
    }
    sample = static_cast<std::int16_t>(std::clamp(value, -32'768.0F, 32'767.0F));
  }
}

bool CepstraMap::load(const std::string& path) {
  std::ifstream file{path};
  return read_row(file, "input_mean", input_mean_) &&
         read_row(file, "input_deviation", input_deviation_) &&
         read_row(file, "output_mean", output_mean_) &&
         read_row(file, "output_deviation", output_deviation_) &&
         read_row(file, "hidden_weights", hidden_weights_) &&
         read_row(file, "hidden_bias", hidden_bias_) &&
         read_row(file, "output_weights", output_weights_) &&
         read_row(file, "output_bias", output_bias_) &&
         read_row(file, "direct_weights", direct_weights_);
}

Cepstra CepstraMap::map(const std::vector<Cepstra>& frames, std::size_t at) const {
  std::array<float, inputs> in{};
  for (std::size_t i = 0; i <= 2 * context; ++i) {
    const std::size_t frame = std::min(at + i < context ? 0 : at + i - context, frames.size() - 1);
    for (std::size_t q = 0; q < cepstra_size; ++q) {
      in.at(i * cepstra_size + q) =
          (frames[frame].at(q) - input_mean_.at(q)) / input_deviation_.at(q);
    }
  }
  std::array<float, hidden> inner{};
  const std::span<const float> hidden_weights{hidden_weights_};
  for (std::size_t k = 0; k < hidden; ++k) {
    inner.at(k) =
        std::tanh(hidden_bias_.at(k) + dot(in, hidden_weights.subspan(k * inputs, inputs)));
  }
  Cepstra out{};
  const std::span<const float> output_weights{output_weights_};
  const std::span<const float> direct_weights{direct_weights_};
  for (std::size_t q = 0; q < cepstra_size; ++q) {
    const float value = output_bias_.at(q) +
                        dot(inner, output_weights.subspan(q * hidden, hidden)) +
                        dot(in, direct_weights.subspan(q * inputs, inputs));
    out.at(q) = value * output_deviation_.at(q) + output_mean_.at(q);
  }
  return out;
}

}  // namespace offhook::pocketsphinx
