#include "audio/sound_file.hpp"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <sndfile.h>
#include <unistd.h>

#include "audio/similarity.hpp"
#include "sounds.hpp"

using offhook::Errc;
using namespace offhook::audio::testing;
namespace audio = offhook::audio;

namespace {

/// A folder that goes away with the test.
class Folder {
 public:
  Folder() : path_{std::filesystem::temp_directory_path() / "offhook-sound-XXXXXX"} {
    std::string name = path_.string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

constexpr double length_s = 0.2;

/// Writes with libsndfile alone: 440 Hz on the left, 1000 Hz on the right when there is one.
void write_foreign(const std::string& path, int format, int rate, int channels) {
  SF_INFO info{};
  info.format = format;
  info.samplerate = rate;
  info.channels = channels;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  REQUIRE(file != nullptr);
  sf_command(file, SFC_SET_SCALE_INT_FLOAT_WRITE, nullptr, SF_TRUE);
  const auto left = tone(440, 10'000, rate, length_s);
  const auto right = tone(1'000, 10'000, rate, length_s);
  Samples both;
  for (std::size_t i = 0; i < left.size(); ++i) {
    both.push_back(left[i]);
    if (channels == 2) {
      both.push_back(right[i]);
    }
  }
  CHECK(sf_writef_short(file, both.data(), static_cast<sf_count_t>(left.size())) ==
        static_cast<sf_count_t>(left.size()));
  sf_close(file);
}

double likeness(std::span<const std::int16_t> a, std::span<const std::int16_t> b) {
  return audio::best_alignment(a, b, 0).correlation;
}

}  // namespace

TEST_SUITE("sound files") {
  TEST_CASE("of all widths and rates are read alike") {
    const Folder folder;
    const auto path = folder.file("in.wav");
    const auto expected = tone(440, 10'000, 16'000, length_s);
    for (const int width : {SF_FORMAT_PCM_U8, SF_FORMAT_PCM_16, SF_FORMAT_PCM_24, SF_FORMAT_PCM_32,
                            SF_FORMAT_FLOAT, SF_FORMAT_DOUBLE, SF_FORMAT_ULAW}) {
      for (const int rate : {8'000, 11'025, 22'050, 44'100, 48'000, 96'000}) {
        write_foreign(path, SF_FORMAT_WAV | width, rate, 1);
        const auto sound = audio::read_sound(path, 16'000).value();
        CAPTURE(width);
        CAPTURE(rate);
        CHECK(sound.sample_rate_hz == 16'000);
        CHECK(sound.samples.size() == 3'200);
        CHECK(likeness(expected, sound.samples) > 0.999);
        CHECK(audio::rms_dbfs(sound.samples) ==
              doctest::Approx(audio::rms_dbfs(expected)).epsilon(0.02));
      }
    }
  }

  TEST_CASE("of other kinds are read too") {
    const Folder folder;
    for (const int kind : {SF_FORMAT_AIFF | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
                           SF_FORMAT_OGG | SF_FORMAT_VORBIS, SF_FORMAT_AU | SF_FORMAT_PCM_16}) {
      write_foreign(folder.file("in"), kind, 48'000, 1);
      const auto sound = audio::read_sound(folder.file("in"), 8'000).value();
      CAPTURE(kind);
      CHECK(likeness(tone(440, 10'000, 8'000, length_s), sound.samples) > 0.99);
    }
  }

  TEST_CASE("in stereo are mixed down, or read one channel at a time") {
    const Folder folder;
    const auto path = folder.file("in.wav");
    write_foreign(path, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16'000, 2);
    const auto left = tone(440, 10'000, 16'000, length_s);
    const auto right = tone(1'000, 10'000, 16'000, length_s);
    CHECK(audio::read_channel(path, 0, 16'000).value().samples == left);
    CHECK(audio::read_channel(path, 1, 16'000).value().samples == right);
    const auto mixed = audio::read_sound(path, 16'000).value().samples;
    CHECK(likeness(left, mixed) == doctest::Approx(0.707).epsilon(0.01));
    CHECK(likeness(right, mixed) == doctest::Approx(0.707).epsilon(0.01));
    CHECK(audio::read_channel(path, 2, 16'000).error().code == Errc::invalid_argument);
    CHECK(audio::read_channel(path, -1, 16'000).error().code == Errc::invalid_argument);
  }

  TEST_CASE("louder than full scale are clipped, and what is no number is silence") {
    const Folder folder;
    const auto path = folder.file("in.wav");
    SF_INFO info{};
    info.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
    info.samplerate = 8'000;
    info.channels = 1;
    SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
    const std::array<float, 4> values{3.F, -3.F, std::nanf(""), 0.5F};
    sf_write_float(file, values.data(), 4);
    sf_close(file);
    CHECK(audio::read_sound(path, 8'000).value().samples == Samples{32'767, -32'768, 0, 16'384});
  }

  TEST_CASE("that are missing, a folder, no sound or empty fail with their name and the reason") {
    const Folder folder;
    const auto missing = audio::read_sound(folder.file("none.wav"), 8'000);
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().code == Errc::not_found);
    CHECK(missing.error().detail.find("none.wav") != std::string::npos);
    CHECK(missing.error().detail.find("No such file") != std::string::npos);

    const auto directory = audio::read_sound(folder.file(""), 8'000);
    CHECK(directory.error().code == Errc::not_found);

    std::ofstream{folder.file("text.wav")} << "This is no sound at all, it is a sentence.";
    const auto text = audio::read_sound(folder.file("text.wav"), 8'000);
    CHECK(text.error().code == Errc::malformed_message);
    CHECK(text.error().detail.find("text.wav") != std::string::npos);

    std::ofstream{folder.file("zero.wav")};
    CHECK(audio::read_sound(folder.file("zero.wav"), 8'000).error().code ==
          Errc::malformed_message);

    { const auto writer = audio::SoundWriter::create(folder.file("empty.wav"), 8'000, 1).value(); }
    const auto empty = audio::read_sound(folder.file("empty.wav"), 8'000);
    CHECK(empty.error().code == Errc::malformed_message);
    CHECK(empty.error().detail.find("no sound") != std::string::npos);
  }

  TEST_CASE("that are cut off or damaged give what is there or an error, never a crash") {
    const Folder folder;
    for (const int kind : {SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
                           SF_FORMAT_OGG | SF_FORMAT_OPUS}) {
      write_foreign(folder.file("whole"), kind, 48'000, 1);
      std::ifstream stream{folder.file("whole"), std::ios::binary};
      const std::string bytes{std::istreambuf_iterator<char>{stream}, {}};
      int read_or_refused = 0;
      for (const std::size_t length :
           {bytes.size() / 2, bytes.size() / 10, std::size_t{60}, std::size_t{20}}) {
        std::ofstream{folder.file("part"), std::ios::binary} << bytes.substr(0, length);
        const auto sound = audio::read_sound(folder.file("part"), 8'000);
        read_or_refused +=
            sound.has_value() ? !sound->samples.empty() : !sound.error().detail.empty();
      }
      for (std::size_t at = 0; at < 60; ++at) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
        std::ofstream{folder.file("part"), std::ios::binary} << damaged;
        const auto sound = audio::read_sound(folder.file("part"), 8'000);
        read_or_refused +=
            sound.has_value() ? !sound->samples.empty() : !sound.error().detail.empty();
      }
      CHECK(read_or_refused == 64);
    }
  }
}

TEST_SUITE("sound writer") {
  TEST_CASE("writes WAV and FLAC that read back sample for sample") {
    const Folder folder;
    for (const char* name : {"out.wav", "OUT.WAV", "out.flac"}) {
      const auto path = folder.file(name);
      const auto sound = noise(20'000, 16'000, 1);
      {
        auto writer = audio::SoundWriter::create(path, 16'000, 1).value();
        CHECK(writer.write(std::span{sound}.first(7'000)).has_value());
        CHECK(writer.write(std::span{sound}.subspan(7'000)).has_value());
      }
      CHECK(audio::read_sound(path, 16'000).value().samples == sound);
    }
  }

  TEST_CASE("writes small Ogg Opus in stereo, the sides kept apart") {
    const Folder folder;
    for (const char* name : {"out.opus", "out.ogg"}) {
      const auto path = folder.file(name);
      const auto left = speech("This is the left side of the recording.", 16'000);
      auto right = tone(700, 5'000, 16'000, 30);
      right.resize(left.size());
      Samples both;
      for (std::size_t i = 0; i < left.size(); ++i) {
        both.push_back(left[i]);
        both.push_back(right[i]);
      }
      {
        auto writer = audio::SoundWriter::create(path, 16'000, 2).value();
        CHECK(writer.write(both).has_value());
      }
      CHECK(std::filesystem::file_size(path) < both.size() * 2 / 6);
      const auto left_read = audio::read_channel(path, 0, 16'000).value().samples;
      const auto right_read = audio::read_channel(path, 1, 16'000).value().samples;
      CHECK(audio::best_alignment(left, left_read, 1'000).correlation > 0.9);
      CHECK(audio::best_alignment(right, right_read, 1'000).correlation > 0.9);
    }
  }

  TEST_CASE("leaves a playable WAV at every moment") {
    const Folder folder;
    const auto path = folder.file("growing.wav");
    auto writer = audio::SoundWriter::create(path, 8'000, 1).value();
    const auto block = tone(440, 8'000, 8'000, 0.5);
    for (std::size_t blocks = 1; blocks <= 3; ++blocks) {
      CHECK(writer.write(block).has_value());
      CHECK(audio::read_sound(path, 8'000).value().samples.size() == blocks * block.size());
    }
  }

  TEST_CASE("names the extensions it knows when given another") {
    for (const char* name : {"out.mp3", "out", "wav", "out.wav.txt"}) {
      const auto writer = audio::SoundWriter::create(name, 8'000, 1);
      REQUIRE_FALSE(writer.has_value());
      CHECK(writer.error().code == Errc::invalid_argument);
      CHECK(writer.error().detail.find(".wav, .flac, .opus or .ogg") != std::string::npos);
    }
  }

  TEST_CASE("refuses folders that do not exist, three channels and rates that Opus has not") {
    const Folder folder;
    const auto nowhere = audio::SoundWriter::create(folder.file("no/out.wav"), 8'000, 1);
    CHECK(nowhere.error().code == Errc::invalid_argument);
    CHECK(nowhere.error().detail.find("No such file") != std::string::npos);
    CHECK(audio::SoundWriter::create(folder.file("a.wav"), 8'000, 3).error().code ==
          Errc::invalid_argument);
    CHECK(audio::SoundWriter::create(folder.file("a.wav"), 0, 1).error().code ==
          Errc::invalid_argument);
    CHECK(audio::SoundWriter::create(folder.file("a.opus"), 44'100, 1).error().code ==
          Errc::invalid_argument);
  }

  TEST_CASE("refuses half a stereo sample and tells when the disk is full") {
    const Folder folder;
    auto writer = audio::SoundWriter::create(folder.file("a.wav"), 8'000, 2).value();
    CHECK(writer.write(Samples(3)).error().code == Errc::invalid_argument);
    CHECK(writer.write(Samples(4)).has_value());

    const auto full = folder.file("full.wav");
    std::filesystem::create_symlink("/dev/full", full);
    auto unlucky = audio::SoundWriter::create(full, 8'000, 1);
    if (unlucky) {  // depends on when libsndfile writes its header
      CHECK(unlucky->write(Samples(100'000)).error().code == Errc::internal);
    } else {
      CHECK(unlucky.error().code == Errc::invalid_argument);
    }
  }
}
