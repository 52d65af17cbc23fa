#include <array>
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

constexpr int rate_hz = 24'000;
constexpr int frames_written = 250;  // 5 s

/// Records 5 s, says so through the pipe, and never ends by itself.
[[noreturn]] void record_for_ever(const std::string& path, int told) {
  const auto recorder = audio::Recorder::create(path, rate_hz, 2);
  audio::SineGenerator tone{440, rate_hz, 8'000};
  for (int i = 0; i < frames_written; ++i) {
    audio::Frame frame;
    frame.silence(rate_hz);
    tone.fill(frame.samples());
    (*recorder)->write(frame, frame);
    std::this_thread::sleep_for(std::chrono::milliseconds{1});  // the ring holds 2 s
  }
  std::this_thread::sleep_for(std::chrono::milliseconds{300});  // the writer looks every 50 ms
  static_cast<void>(!write(told, "x", 1));
  for (;;) {
    pause();
  }
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
      std::array<int, 2> pipe_ends{};
      REQUIRE(pipe(pipe_ends.data()) == 0);
      const pid_t child = fork();
      if (child == 0) {
        record_for_ever(path, pipe_ends[1]);
      }
      REQUIRE(child > 0);
      close(pipe_ends[1]);
      char word = 0;
      REQUIRE(read(pipe_ends[0], &word, 1) == 1);
      close(pipe_ends[0]);
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);

      const auto sound = audio::read_sound(path, rate_hz);
      REQUIRE_MESSAGE(sound.has_value(), (sound ? "" : sound.error().detail));
      const double seconds = static_cast<double>(sound->samples.size()) / rate_hz;
      CHECK(seconds >= frames_written * 0.02 - format.lost_s);
      CHECK(audio::rms_dbfs(sound->samples) > -20);
      std::filesystem::remove(path);
    }
  }
}
