#include "call/call_audio.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <doctest/doctest.h>
#include <unistd.h>

#include "audio/sound_file.hpp"

using offhook::audio::Frame;
using offhook::audio::SoundWriter;
using offhook::call::AudioOptions;
using offhook::call::CallAudio;

namespace {

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "offhook-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] std::string file(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// 100 ms of a rising ramp at 16 kHz.
void write_ramp(const std::string& path) {
  std::vector<std::int16_t> samples(1'600);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<std::int16_t>(i * 10);
  }
  REQUIRE(SoundWriter::create(path, 16'000, 1)->write(samples).has_value());
}

Frame frame_of(std::int16_t value) {
  Frame frame;
  frame.silence(16'000);
  std::ranges::fill(frame.samples(), value);
  return frame;
}

}  // namespace

TEST_SUITE("CallAudio") {
  TEST_CASE("sends nothing until told, then the whole file, then silence") {
    const TempFolder folder;
    write_ramp(folder.file("in.wav"));
    const auto audio =
        CallAudio::open({.input = folder.file("in.wav"), .output = "null", .rate_hz = 16'000})
            .value();
    Frame sent;
    sent.silence(16'000);
    audio->exchange(frame_of(0), sent);
    CHECK(sent.storage[10] == 0);
    audio->start_input();
    for (int frame = 0; frame < 5; ++frame) {
      CHECK_FALSE(audio->input_ended());
      sent.silence(16'000);
      audio->exchange(frame_of(0), sent);
      CHECK(sent.storage[1] == (frame * 320 + 1) * 10);
    }
    CHECK(audio->input_ended());
    sent.silence(16'000);
    audio->exchange(frame_of(0), sent);
    CHECK(sent.storage[1] == 0);
  }

  TEST_CASE("records left what was sent and right what was received") {
    const TempFolder folder;
    write_ramp(folder.file("in.wav"));
    {
      const auto audio = CallAudio::open({.input = folder.file("in.wav"),
                                          .output = folder.file("out.wav"),
                                          .record = folder.file("both.wav"),
                                          .rate_hz = 16'000})
                             .value();
      audio->start_input();
      for (int frame = 0; frame < 5; ++frame) {
        Frame sent;
        sent.silence(16'000);
        audio->exchange(frame_of(1'000), sent);
      }
      CHECK(audio->dropped_recording_frames() == 0);
    }
    const auto both = offhook::audio::read_sound(folder.file("both.wav"), 16'000).value();
    REQUIRE(both.samples.size() == 1'600);
    CHECK(both.samples[100] == doctest::Approx((1'000 + 1'000) / 2).epsilon(0.01));  // mixed down
    const auto out = offhook::audio::read_sound(folder.file("out.wav"), 16'000).value();
    REQUIRE(out.samples.size() == 1'600);
    CHECK(out.samples[800] == 1'000);
  }

  TEST_CASE("mutes what is sent and counts how long the peer has been quiet") {
    const auto audio =
        CallAudio::open({.input = "null", .output = "null", .rate_hz = 16'000}).value();
    Frame sent = frame_of(500);
    audio->mute(true);
    audio->exchange(frame_of(0), sent);
    audio->exchange(frame_of(50), sent);
    CHECK(sent.storage[0] == 0);
    CHECK(audio->quiet_frames() == 2);
    audio->exchange(frame_of(2'000), sent);
    CHECK(audio->quiet_frames() == 0);
  }

  TEST_CASE("refuses files that cannot be read or written before anybody rings") {
    const TempFolder folder;
    const auto no_input = CallAudio::open({.input = folder.file("none.wav"), .output = "null"});
    REQUIRE_FALSE(no_input.has_value());
    CHECK(no_input.error().detail.find("none.wav") != std::string::npos);
    const auto no_output =
        CallAudio::open({.input = "null", .output = folder.file("no/such/folder.wav")});
    CHECK_FALSE(no_output.has_value());
    const auto no_format =
        CallAudio::open({.input = "null", .output = "null", .record = folder.file("call.xyz")});
    CHECK_FALSE(no_format.has_value());
  }
}
