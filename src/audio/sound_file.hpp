#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace offhook::audio {

/// A sound in memory, mono.
struct Sound {
  int sample_rate_hz = 0;
  std::vector<std::int16_t> samples;
};

/// Reads any file libsndfile knows (WAV of 8 to 32 bits or float, FLAC, Ogg, AIFF; any rate; stereo
/// is mixed down) and converts it to `sample_rate_hz`.
///
/// @return `Errc::not_found` when it cannot be opened, `malformed_message` when it is no sound file
///         or empty; the detail names the file and the reason. At most 3 hours are read.
[[nodiscard]] Result<Sound> read_sound(const std::string& path, int sample_rate_hz);

/// The same for one channel alone, 0 the left one. @return `Errc::invalid_argument` when the file
/// has no such channel.
[[nodiscard]] Result<Sound> read_channel(const std::string& path, int channel, int sample_rate_hz);

/// Writes a sound file as it grows, the format chosen by the extension: .wav, .flac, .opus/.ogg.
/// One thread at a time; blocks on the disk, so never call it from the media thread.
class SoundWriter {
 public:
  /// @param sample_rate_hz  For .opus and .ogg 8000, 12000, 16000, 24000 or 48000.
  /// @param channels  1 or 2; with 2, samples are interleaved left, right.
  /// @return `Errc::invalid_argument` for another extension, rate or channel count, and when the
  ///         file cannot be made; the detail says why.
  [[nodiscard]] static Result<SoundWriter> create(const std::string& path,
                                                  int sample_rate_hz,
                                                  int channels);
  SoundWriter(SoundWriter&& other) noexcept;
  SoundWriter& operator=(SoundWriter&& other) noexcept;
  /// Finishes the file.
  ~SoundWriter();

  /// Appends; keeps the header true as it goes, so that a crash leaves a playable file.
  /// @param interleaved  Whole frames: a multiple of the channel count.
  /// @return `Errc::internal` when the disk does not take it (full, gone).
  [[nodiscard]] Result<> write(std::span<const std::int16_t> interleaved);

 private:
  struct Impl;
  explicit SoundWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace offhook::audio
