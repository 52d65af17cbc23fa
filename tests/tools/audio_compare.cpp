// Compares a sound with what became of it at the other end of a call, for the end-to-end tests.
//
//     audio_compare REF.wav GOT.wav [--channel N] [--reference-channel N]
//
// prints one JSON object; "correlation" is audio::waveform_similarity(). Both are compared at 8
// kHz; GOT may be longer than REF. Exit code 0 when both could be read, whatever the result.
#include <exception>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "audio/similarity.hpp"
#include "audio/sound_file.hpp"

namespace {

constexpr int rate_hz = 8'000;

double seconds(const offhook::audio::Sound& sound) {
  return static_cast<double>(sound.samples.size()) / rate_hz;
}

}  // namespace

int main(int argc, char** argv) try {
  namespace audio = offhook::audio;
  std::string reference_path;
  std::string received_path;
  int channel = -1;
  int reference_channel = -1;
  CLI::App app{"Compares a sound with what became of it, as JSON"};
  app.add_option("REF", reference_path, "what was sent")->required();
  app.add_option("GOT", received_path, "what arrived")->required();
  app.add_option("--channel", channel, "channel of GOT, 0 the left one (default: all mixed)");
  app.add_option("--reference-channel", reference_channel, "the same of REF");
  CLI11_PARSE(app, argc, argv);

  const auto read = [](const std::string& path, int wanted) {
    return wanted < 0 ? audio::read_sound(path, rate_hz)
                      : audio::read_channel(path, wanted, rate_hz);
  };
  const auto reference = read(reference_path, reference_channel);
  const auto received = read(received_path, channel);
  for (const auto* sound : {&reference, &received}) {
    if (!sound->has_value()) {
      std::cerr << "audio_compare: " << sound->error().detail << '\n';
      return 2;
    }
  }
  const auto whole = audio::best_alignment(reference->samples, received->samples,
                                           reference->samples.size() + received->samples.size());
  std::cout << fmt::format(
      "{{\"correlation\":{:.4f},\"lag_ms\":{:.3f},\"mel_similarity\":{:.4f},"
      "\"rms_dbfs_ref\":{:.2f},\"rms_dbfs_got\":{:.2f},\"seconds_ref\":{:.3f},"
      "\"seconds_got\":{:.3f}}}\n",
      audio::waveform_similarity(reference->samples, received->samples, rate_hz),
      static_cast<double>(whole.lag_samples) * 1'000 / rate_hz,
      audio::mel_similarity(reference->samples, received->samples, rate_hz),
      audio::rms_dbfs(reference->samples), audio::rms_dbfs(received->samples), seconds(*reference),
      seconds(*received));
  return 0;
} catch (const std::exception& failure) {
  std::cerr << "audio_compare: " << failure.what() << '\n';
  return 2;
}
