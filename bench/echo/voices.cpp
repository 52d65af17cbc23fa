#include "voices.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "audio/codec.hpp"
#include "audio/speech.hpp"
#include "random.hpp"

namespace offhook::bench {
namespace {

namespace fs = std::filesystem;
constexpr int voice_rate_hz = 16'000;
constexpr std::size_t pause_samples = voice_rate_hz / 4;
const char* const sounds_folder = "/usr/share/asterisk/sounds";

std::vector<fs::path> recordings_of(const std::string& speaker) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry :
       fs::recursive_directory_iterator{fs::path{sounds_folder} / speaker, error}) {
    // Beeps, monkeys and silence are no speech, and files this long hold sentences.
    constexpr std::uintmax_t least_bytes = 8'000;
    const std::string folder = entry.path().parent_path().filename().string();
    if (entry.is_regular_file() && entry.path().extension() == ".g722" && folder != "silence" &&
        entry.file_size() >= least_bytes && !entry.path().stem().string().starts_with("tt-")) {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

void append_recording(const fs::path& path, std::vector<float>& out) {
  auto decoder = audio::make_decoder(audio::CodecId::g722, voice_rate_hz);
  if (!decoder) {
    return;
  }
  std::ifstream file{path, std::ios::binary};
  const std::vector<char> bytes{std::istreambuf_iterator<char>{file}, {}};
  constexpr std::size_t packet_bytes = 160;  // 20 ms
  audio::Frame frame;
  for (std::size_t at = 0; at + packet_bytes <= bytes.size(); at += packet_bytes) {
    std::array<std::uint8_t, packet_bytes> packet{};
    std::transform(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                   bytes.begin() + static_cast<std::ptrdiff_t>(at + packet_bytes), packet.begin(),
                   [](char c) { return static_cast<std::uint8_t>(c); });
    static_cast<void>((*decoder)->decode(packet, frame));
    for (const std::int16_t sample : frame.samples()) {
      out.push_back(static_cast<float>(sample) / 32'768.0F);
    }
  }
}

void append_synthesis(const std::string& speaker, std::uint64_t number, std::vector<float>& out) {
  static constexpr std::array sentences{
      "Good morning, I am calling about the order that should have come on Tuesday.",
      "Could you please tell me how long the shop is open this afternoon?",
      "The quick brown fox jumps over the lazy dog, and nobody knows why.",
      "Thank you very much, that is exactly what I wanted to hear.",
      "Please wait a moment while I look for the number of your booking.",
      "We had six large boxes and seventeen small ones, all of them blue.",
      "The weather will be cold and windy, with rain in the north.",
      "Yes, I can hear you well, but you should speak a little slower."};
  const bool female = speaker.find("_f_") != std::string::npos;
  const auto speech =
      audio::speak(sentences[number % sentences.size()], female ? "slt" : "rms", voice_rate_hz);
  if (speech) {
    for (const std::int16_t sample : speech->sound.samples) {
      out.push_back(static_cast<float>(sample) / 32'768.0F);
    }
  }
}

}  // namespace

bool recorded_voices_available() {
  static const bool available = [] {
    const auto codecs = audio::available_codecs();
    return std::ranges::find(codecs, audio::CodecId::g722) != codecs.end() &&
           std::ranges::all_of(std::array{"en_US_f_Allison", "it_IT_m_Carlo", "es_MX_f_Allison",
                                          "fr_CA_f_June", "ru_RU_f_IvrvoiceRU"},
                               [](const char* speaker) { return !recordings_of(speaker).empty(); });
  }();
  return available;
}

std::vector<float> read_voice(const std::string& speaker, std::size_t samples, std::uint64_t seed) {
  std::vector<float> out;
  out.reserve(samples + voice_rate_hz * 30);
  Random random{seed};
  auto files = recorded_voices_available() ? recordings_of(speaker) : std::vector<fs::path>{};
  for (std::size_t i = files.size(); i > 1; --i) {
    std::swap(files[i - 1], files[random.next() % i]);
  }
  for (std::uint64_t number = 0; out.size() < samples; ++number) {
    if (files.empty()) {
      append_synthesis(speaker, seed + number, out);
    } else {
      append_recording(files[number % files.size()], out);
    }
    out.resize(out.size() + pause_samples);
  }
  out.resize(samples);
  return out;
}

}  // namespace offhook::bench
