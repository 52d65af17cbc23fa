#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "audio/sound_file.hpp"
#include "sim/replay/fixture.hpp"
#include "sim/replay/fixture_sound.hpp"
#include "sim/speaker.hpp"

namespace offhook::sim {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 4> sound_extensions{".wav", ".flac", ".opus", ".ogg"};
constexpr int right_channel = 1;

/// The files that a path stands for.
Result<std::vector<fs::path>> files_of(const std::string& path) {
  std::error_code failure;
  if (!fs::is_directory(path, failure)) {
    return std::vector<fs::path>{path};
  }
  std::vector<fs::path> files;
  for (auto entry = fs::directory_iterator{path, failure};
       !failure && entry != fs::directory_iterator{}; entry.increment(failure)) {
    if (entry->path().extension() == ".jsonl") {
      files.push_back(entry->path());
    }
  }
  if (failure) {
    return fail(Errc::not_found, path + ": " + failure.message());
  }
  if (files.empty()) {
    return fail(Errc::not_found, path + ": holds no recording (*.jsonl)");
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// One byte more than may be, so that the parser tells that it is too much.
Result<std::string> read_text(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::string text(largest_fixture + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (!file.eof() && file.fail())) {
    return fail(Errc::not_found, path.string() + ": cannot be read");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

Result<> add_sound(Fixture& fixture, const fs::path& events) {
  for (const char* extension : sound_extensions) {
    fs::path path = events;
    path.replace_extension(extension);
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
      continue;
    }
    auto sound = audio::read_channel(path.string(), right_channel, voice_rate_hz);
    if (!sound && sound.error().code == Errc::invalid_argument) {
      sound = audio::read_channel(path.string(), 0, voice_rate_hz);
    }
    if (!sound) {
      return fail(std::move(sound).error());
    }
    cut_sound(fixture, sound->samples);
    return {};
  }
  return {};
}

}  // namespace

Result<std::vector<std::shared_ptr<const Fixture>>> load_fixtures(
    const std::vector<std::string>& paths) {
  std::vector<std::shared_ptr<const Fixture>> fixtures;
  for (const std::string& path : paths) {
    const auto files = files_of(path);
    if (!files) {
      return fail(files.error());
    }
    for (const fs::path& file : *files) {
      const auto text = read_text(file);
      if (!text) {
        return fail(text.error());
      }
      auto fixture = parse_fixture(*text, file.string());
      if (!fixture) {
        return fail(std::move(fixture).error());
      }
      if (auto added = add_sound(*fixture, file); !added) {
        return fail(std::move(added).error());
      }
      fixtures.push_back(std::make_shared<const Fixture>(std::move(*fixture)));
    }
  }
  return fixtures;
}

}  // namespace offhook::sim
