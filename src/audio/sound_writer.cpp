#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include <sndfile.h>

#include "audio/sound_error.hpp"
#include "audio/sound_file.hpp"
#include "base/c_handle.hpp"

namespace offhook::audio {
namespace {

using SoundHandle = CHandle<SNDFILE, sf_close>;

/// libsndfile's scale is 0 (best) to 1 (smallest); this gives about 36 kb/s for a stereo call.
constexpr double opus_compression = 0.95;

/// libsndfile's format number for the extension of `path`, or 0.
int format_of(const std::string& path) {
  std::string extension = std::filesystem::path{path}.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (extension == ".wav") {
    return SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  }
  if (extension == ".flac") {
    return SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
  }
  if (extension == ".opus" || extension == ".ogg") {
    return SF_FORMAT_OGG | SF_FORMAT_OPUS;
  }
  return 0;
}

bool is_opus_rate(int rate) {
  constexpr std::array rates{8'000, 12'000, 16'000, 24'000, 48'000};
  return std::find(rates.begin(), rates.end(), rate) != rates.end();
}

}  // namespace

struct SoundWriter::Impl {
  std::string path;
  std::size_t channels = 1;
  SoundHandle handle{};
};

SoundWriter::SoundWriter(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
SoundWriter::SoundWriter(SoundWriter&& other) noexcept = default;
SoundWriter& SoundWriter::operator=(SoundWriter&& other) noexcept = default;
SoundWriter::~SoundWriter() = default;

Result<SoundWriter> SoundWriter::create(const std::string& path, int sample_rate_hz, int channels) {
  const int format = format_of(path);
  if (format == 0) {
    return fail(Errc::invalid_argument, "cannot write sound file " + path +
                                            ": the name must end in .wav, .flac, .opus or .ogg");
  }
  if (channels < 1 || channels > 2) {
    return fail(Errc::invalid_argument, "cannot write sound file " + path +
                                            ": 1 or 2 channels are possible, not " +
                                            std::to_string(channels));
  }
  const bool opus = (format & SF_FORMAT_SUBMASK) == SF_FORMAT_OPUS;
  if (sample_rate_hz <= 0 || (opus && !is_opus_rate(sample_rate_hz))) {
    return fail(Errc::invalid_argument, "cannot write sound file " + path + ": its format has no " +
                                            std::to_string(sample_rate_hz) + " Hz");
  }
  SF_INFO info{};
  info.samplerate = sample_rate_hz;
  info.channels = channels;
  info.format = format;
  SoundHandle handle{sf_open(path.c_str(), SFM_WRITE, &info)};
  if (!handle) {
    return fail(Errc::invalid_argument,
                "cannot write sound file " + path + ": " + sound_error(nullptr));
  }
  if (opus) {
    double compression = opus_compression;
    sf_command(handle.get(), SFC_SET_COMPRESSION_LEVEL, &compression, sizeof compression);
  }
  sf_command(handle.get(), SFC_SET_UPDATE_HEADER_AUTO, nullptr, SF_TRUE);
  return SoundWriter{
      std::make_unique<Impl>(Impl{path, static_cast<std::size_t>(channels), std::move(handle)})};
}

Result<> SoundWriter::write(std::span<const std::int16_t> interleaved) {
  if (interleaved.size() % impl_->channels != 0) {
    return fail(Errc::invalid_argument, "sound for " + impl_->path + " ends within a sample");
  }
  const auto frames = static_cast<sf_count_t>(interleaved.size() / impl_->channels);
  if (sf_writef_short(impl_->handle.get(), interleaved.data(), frames) != frames) {
    return fail(Errc::internal,
                "cannot write sound file " + impl_->path + ": " + sound_error(impl_->handle.get()));
  }
  return {};
}

}  // namespace offhook::audio
