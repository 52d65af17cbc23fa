#include "audio/resampler.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>

#include <speex/speex_resampler.h>

namespace offhook::audio {
namespace {

constexpr int quality = 3;  // "VoIP": each step more costs up to 1 ms of a call's delay
constexpr int lowest_rate_hz = 1'000;
constexpr int highest_rate_hz = 768'000;

}  // namespace

void Resampler::Release::operator()(SpeexResamplerState_* state) const noexcept {
  speex_resampler_destroy(state);
}

Result<Resampler> Resampler::create(int from_hz, int to_hz) {
  for (const int rate : {from_hz, to_hz}) {
    if (rate < lowest_rate_hz || rate > highest_rate_hz) {
      return fail(Errc::unsupported, "a sample rate of " + std::to_string(rate) + " Hz");
    }
  }
  int error = RESAMPLER_ERR_SUCCESS;
  SpeexResamplerState* state = speex_resampler_init(
      1, static_cast<spx_uint32_t>(from_hz), static_cast<spx_uint32_t>(to_hz), quality, &error);
  if (state == nullptr) {
    return fail(Errc::internal, std::string{"resampler: "} + speex_resampler_strerror(error));
  }
  return Resampler{state, from_hz, to_hz};
}

std::size_t Resampler::process(std::span<const std::int16_t> in,
                               std::span<std::int16_t> out) noexcept {
  auto in_length = static_cast<spx_uint32_t>(in.size());
  auto out_length = static_cast<spx_uint32_t>(out.size());
  speex_resampler_process_int(state_.get(), 0, in.data(), &in_length, out.data(), &out_length);
  return out_length;
}

void Resampler::shorten(int ppm) noexcept {
  // The library multiplies the denominators of two ratios in 32 bits, and corrupts its state when
  // that overflows. So the ratio has steps of 17 parts per million.
  constexpr int most_denominator = 60'000;
  constexpr double million = 1'000'000;
  const int common = std::gcd(from_hz_, to_hz_);
  const int scale = std::max(1, most_denominator / (to_hz_ / common));
  const int from = from_hz_ / common * scale;
  const auto shorter = std::lround(to_hz_ / common * scale * (1 - ppm / million));
  speex_resampler_set_rate_frac(
      state_.get(), static_cast<spx_uint32_t>(from), static_cast<spx_uint32_t>(shorter),
      static_cast<spx_uint32_t>(from_hz_), static_cast<spx_uint32_t>(to_hz_));
}

void Resampler::skip_delay() noexcept { speex_resampler_skip_zeros(state_.get()); }

std::size_t Resampler::delay_samples() const noexcept {
  return static_cast<std::size_t>(speex_resampler_get_input_latency(state_.get()));
}

Result<std::vector<std::int16_t>> resample(std::span<const std::int16_t> in,
                                           int from_hz,
                                           int to_hz) {
  if (from_hz == to_hz) {
    return std::vector<std::int16_t>(in.begin(), in.end());
  }
  auto resampler = Resampler::create(from_hz, to_hz);
  if (!resampler) {
    return fail(std::move(resampler).error());
  }
  resampler->skip_delay();
  const std::size_t length =
      in.size() * static_cast<std::size_t>(to_hz) / static_cast<std::size_t>(from_hz);
  std::vector<std::int16_t> out(length);
  constexpr std::size_t block = 4'096;
  std::size_t written = 0;
  for (std::size_t at = 0; at < in.size(); at += block) {
    const auto part = in.subspan(at, std::min(block, in.size() - at));
    written += resampler->process(part, std::span{out}.subspan(written));
  }
  const std::array<std::int16_t, 256> silence{};
  for (std::size_t fed = 0; written < length && fed <= resampler->delay_samples();
       fed += silence.size()) {
    written += resampler->process(silence, std::span{out}.subspan(written));
  }
  return out;
}

}  // namespace offhook::audio
