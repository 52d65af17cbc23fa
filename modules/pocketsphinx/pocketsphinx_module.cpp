// The speech recogniser module on pocketsphinx (Debian: libpocketsphinx3, pocketsphinx-en-us).
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audio/recogniser_module.h"
#include "front_end.hpp"
#include "telephone_band.hpp"

namespace offhook::pocketsphinx {
namespace {

std::map<std::string, std::string> parse_settings(const char* text) {
  std::map<std::string, std::string> settings;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (const auto equals = line.find('='); equals != std::string::npos) {
      settings[line.substr(0, equals)] = line.substr(equals + 1);
    }
  }
  return settings;
}

void write_text(std::string_view from, char* to, std::size_t size) {
  if (size > 0) {
    const std::size_t length = std::min(from.size(), size - 1);
    std::memcpy(to, from.data(), length);
    to[length] = '\0';
  }
}

class Decoder {
 public:
  /// @return why there is no decoder, or an empty text.
  [[nodiscard]] std::string open(const std::string& folder, bool narrowband, bool quick) {
    if (!std::filesystem::exists(acoustic_model)) {
      return std::string{acoustic_model} + " is not there; install pocketsphinx-en-us";
    }
    narrowband_ = narrowband;
    // Sound is measured against the models of speech sounds in every second frame, and only those
    // are tried that a look ahead finds likely. The quick ones do so in every third, with fewer
    // guesses at a time, and search once.
    const std::vector<std::string> effort =
        quick ? std::vector<std::string>{"-ds", "3", "-maxhmmpf", "1000", "-fwdflat", "no"}
              : std::vector<std::string>{"-ds", "2", "-pl_window", "5"};
    decoder_ = start_decoder(folder, effort);
    if (decoder_ == nullptr) {
      return "pocketsphinx cannot use the model in " + folder;
    }
    if (narrowband_ &&
        (!front_end_.open(decoder_.get()) || !map_.load(folder + "/telephone.map"))) {
      return folder + "/telephone.map cannot be read";
    }
    return {};
  }

  std::string recognise(std::vector<std::int16_t> samples) {
    BandFiller{narrowband_}.process(samples);
    ps_start_stream(decoder_.get());
    if (ps_start_utt(decoder_.get()) < 0) {
      return {};
    }
    if (narrowband_) {
      push_mapped(samples);
    } else {
      ps_process_raw(decoder_.get(), samples.data(), samples.size(), FALSE, TRUE);
    }
    ps_end_utt(decoder_.get());
    return words();
  }

 private:
  void push_mapped(const std::vector<std::int16_t>& samples) {
    const std::vector<Cepstra> frames = front_end_.analyse(samples);
    if (frames.empty()) {
      return;
    }
    const Rows rows{frames.size()};
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const Cepstra mapped = map_.map(frames, i);
      std::copy(mapped.begin(), mapped.end(), rows.get()[i]);
    }
    ps_process_cep(decoder_.get(), rows.get(), static_cast<int>(frames.size()), FALSE, TRUE);
  }

  /// The best guess without fillers ("<sil>", "[NOISE]") and marks of variants ("a(2)").
  [[nodiscard]] std::string words() {
    int32 score = 0;
    const char* const best = ps_get_hyp(decoder_.get(), &score);
    std::istringstream list{best == nullptr ? "" : best};
    std::string text;
    for (std::string word; list >> word;) {
      if (word.front() == '<' || word.front() == '[') {
        continue;
      }
      text += (text.empty() ? "" : " ") + word.substr(0, word.find('('));
    }
    return text;
  }

  bool narrowband_ = false;
  DecoderHandle decoder_;
  FrontEnd front_end_;
  CepstraMap map_;
};

// No exception may pass the C interface: out of memory is all that could throw.

void* open_decoder(const char* settings, char* error, std::size_t error_size) {
  try {
    auto values = parse_settings(settings);
    auto decoder = std::make_unique<Decoder>();
    const std::string why =
        decoder->open(values["model"], values["narrowband"] == "1", values["quick"] == "1");
    if (why.empty()) {
      return decoder.release();
    }
    write_text(why, error, error_size);
  } catch (const std::exception& failure) {
    write_text(failure.what(), error, error_size);
  }
  return nullptr;
}

void close_decoder(void* decoder) { delete static_cast<Decoder*>(decoder); }

void recognise(void* decoder,
               const std::int16_t* samples,
               std::size_t count,
               char* text,
               std::size_t text_size) {
  write_text("", text, text_size);
  try {
    write_text(static_cast<Decoder*>(decoder)->recognise({samples, samples + count}), text,
               text_size);
  } catch (const std::exception&) {
    // The caller gets no words.
  }
}

constexpr offhook_recogniser_v1 functions{OFFHOOK_RECOGNISER_ABI, "pocketsphinx", open_decoder,
                                          close_decoder, recognise};

}  // namespace
}  // namespace offhook::pocketsphinx

extern "C" __attribute__((visibility("default"))) const offhook_recogniser_v1*
offhook_recogniser() {
  return &offhook::pocketsphinx::functions;
}
