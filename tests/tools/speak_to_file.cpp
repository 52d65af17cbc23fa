// speak_to_file FILE VOICE TEXT: the sentence as the sim or the demo's caller says it, at 16 kHz.
#include <cstdio>

#include "audio/sound_file.hpp"
#include "audio/speech.hpp"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: speak_to_file FILE VOICE TEXT\n", stderr);
    return 2;
  }
  const auto speech = offhook::audio::speak(argv[3], argv[2], 16'000);
  if (!speech) {
    std::fprintf(stderr, "%s\n", speech.error().detail.c_str());
    return 1;
  }
  auto file = offhook::audio::SoundWriter::create(argv[1], 16'000, 1);
  const auto written = file ? file->write(speech->sound.samples) : offhook::Result<>{};
  if (!file || !written) {
    std::fprintf(stderr, "%s: cannot be written\n", argv[1]);
    return 1;
  }
  return 0;
}
