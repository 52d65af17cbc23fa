#include "audio/sound_file.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

#include <sndfile.h>

#include "audio/resampler.hpp"
#include "audio/sound_error.hpp"
#include "base/c_handle.hpp"

namespace offhook::audio {
namespace {

using SoundHandle = CHandle<SNDFILE, sf_close>;

constexpr std::size_t block_frames = 4'096;
constexpr std::size_t longest_seconds = 10'800;  // 3 hours

struct OpenSound {
  SoundHandle handle;
  SF_INFO info{};
};

Result<OpenSound> open_sound(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return fail(Errc::not_found, "cannot read sound file " + path + ": it is a directory");
  }
  OpenSound sound;
  sound.handle.reset(sf_open(path.c_str(), SFM_READ, &sound.info));
  if (!sound.handle) {
    const bool unreadable = sf_error(nullptr) == SF_ERR_SYSTEM;
    return fail(unreadable ? Errc::not_found : Errc::malformed_message,
                "cannot read sound file " + path + ": " + sound_error(nullptr) +
                    (unreadable ? "" : " (WAV, FLAC, Ogg and AIFF can be read)"));
  }
  return sound;
}

std::int16_t sample_of(float value) noexcept {
  const float scaled = value * 32'768.F;
  return std::isfinite(scaled)
             ? static_cast<std::int16_t>(std::lround(std::clamp(scaled, -32'768.F, 32'767.F)))
             : std::int16_t{0};
}

/// The channels of one sample time as one sample: their mean, or the one asked for.
float pick(std::span<const float> channels, std::optional<std::size_t> channel) noexcept {
  if (channel) {
    return channels[*channel];
  }
  float sum = 0;
  for (const float sample : channels) {
    sum += sample;
  }
  return sum / static_cast<float>(channels.size());
}

/// Collects a sound of unknown length at another rate, with the converter's delay removed.
class Collector {
 public:
  [[nodiscard]] static Result<Collector> create(int from_hz, int to_hz) {
    Collector collector{from_hz, to_hz};
    if (from_hz != to_hz) {
      auto resampler = Resampler::create(from_hz, to_hz);
      if (!resampler) {
        return fail(std::move(resampler).error());
      }
      resampler->skip_delay();
      collector.resampler_.emplace(std::move(*resampler));
    }
    return collector;
  }

  void add(std::span<const std::int16_t> block) {
    samples_in_ += block.size();
    append(block);
  }

  [[nodiscard]] std::vector<std::int16_t> finish() {
    const std::size_t length = samples_in_ * to_ / from_;
    if (resampler_) {
      const std::vector<std::int16_t> silence(resampler_->delay_samples() + 1);
      append(silence);
    }
    samples_.resize(length);
    return std::move(samples_);
  }

 private:
  Collector(int from_hz, int to_hz)
      : from_{static_cast<std::size_t>(from_hz)}, to_{static_cast<std::size_t>(to_hz)} {}

  void append(std::span<const std::int16_t> block) {
    if (!resampler_) {
      samples_.insert(samples_.end(), block.begin(), block.end());
      return;
    }
    const std::size_t before = samples_.size();
    samples_.resize(before + block.size() * to_ / from_ + 2);
    samples_.resize(before + resampler_->process(block, std::span{samples_}.subspan(before)));
  }

  std::size_t from_;
  std::size_t to_;
  std::optional<Resampler> resampler_;
  std::size_t samples_in_ = 0;
  std::vector<std::int16_t> samples_;
};

Result<Sound> read(const std::string& path, std::optional<std::size_t> channel, int to_hz) {
  auto opened = open_sound(path);
  if (!opened) {
    return fail(std::move(opened).error());
  }
  const auto channels = static_cast<std::size_t>(opened->info.channels);
  if (channel && *channel >= channels) {
    return fail(Errc::invalid_argument, "sound file " + path + " has no channel " +
                                            std::to_string(*channel) + ", only " +
                                            std::to_string(channels));
  }
  auto collector = Collector::create(opened->info.samplerate, to_hz);
  if (!collector) {
    return fail(std::move(collector).error().with("sound file " + path));
  }
  std::vector<float> block(block_frames * channels);
  std::vector<std::int16_t> mono(block_frames);
  std::size_t left = longest_seconds * static_cast<std::size_t>(opened->info.samplerate);
  bool empty = true;
  while (left > 0) {
    const auto wanted = static_cast<sf_count_t>(std::min(left, block_frames));
    const auto got = static_cast<std::size_t>(
        std::max<sf_count_t>(sf_readf_float(opened->handle.get(), block.data(), wanted), 0));
    if (got == 0) {
      break;
    }
    for (std::size_t i = 0; i < got; ++i) {
      mono[i] =
          sample_of(pick(std::span<const float>{block}.subspan(i * channels, channels), channel));
    }
    collector->add(std::span{mono}.first(got));
    left -= got;
    empty = false;
  }
  if (empty) {
    return fail(Errc::malformed_message, "sound file " + path + " holds no sound");
  }
  return Sound{to_hz, collector->finish()};
}

}  // namespace

Result<Sound> read_sound(const std::string& path, int sample_rate_hz) {
  return read(path, std::nullopt, sample_rate_hz);
}

Result<Sound> read_channel(const std::string& path, int channel, int sample_rate_hz) {
  if (channel < 0) {
    return fail(Errc::invalid_argument, "sound channels are counted from 0");
  }
  return read(path, static_cast<std::size_t>(channel), sample_rate_hz);
}

}  // namespace offhook::audio
