#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audio/recorder.hpp"
#include "audio/similarity.hpp"
#include "audio/sound_file.hpp"
#include "audio/tone.hpp"

using namespace offhook;

namespace {

constexpr int recorded_rate_hz = 24'000;
constexpr int frames_written = 250;  // 5 s

/// Records 5 s, no faster than the writer takes them, and never ends by itself.
[[noreturn]] void record_for_ever(const std::string& path) {
  const auto recorder = audio::Recorder::create(path, recorded_rate_hz, 2);
  audio::SineGenerator tone{440, recorded_rate_hz, 8'000};
  std::uint64_t dropped = 0;
  for (int i = 0; i < frames_written; ++i) {
    audio::Frame frame;
    frame.silence(recorded_rate_hz);
    tone.fill(frame.samples());
    do {  // a frame that found the ring full is offered again
      dropped = (*recorder)->dropped_frames();
      (*recorder)->write(frame, frame);
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    } while ((*recorder)->dropped_frames() != dropped);
  }
  for (;;) {
    pause();
  }
}

/// How much can be played; 0 while nothing can.
double seconds_in(const std::string& path) {
  const auto sound = audio::read_sound(path, recorded_rate_hz);
  return sound ? static_cast<double>(sound->samples.size()) / recorded_rate_hz : 0;
}

}  // namespace

TEST_SUITE("Recording of a killed process") {
  TEST_CASE("is playable, but for the last moment of it") {
    struct Format {
      const char* extension;
      double lost_s;  ///< At most: what the encoder or the page of Ogg still held.
    };
    for (const Format& format : {Format{".flac", 0.5}, Format{".wav", 0.2}, Format{".opus", 2.0}}) {
      CAPTURE(format.extension);
      const std::string path = (std::filesystem::temp_directory_path() /
                                ("offhook-crash-" + std::to_string(getpid()) + format.extension))
                                   .string();
      const pid_t child = fork();
      if (child == 0) {
        record_for_ever(path);
      }
      REQUIRE(child > 0);
      const double enough_s = frames_written * 0.02 - format.lost_s;
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
      while (seconds_in(path) < enough_s && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
      }
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);

      CHECK(seconds_in(path) >= enough_s);
      const auto sound = audio::read_sound(path, recorded_rate_hz);
      REQUIRE_MESSAGE(sound.has_value(), (sound ? "" : sound.error().detail));
      CHECK(audio::rms_dbfs(sound->samples) > -20);
      std::filesystem::remove(path);
    }
  }
}
