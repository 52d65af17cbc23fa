// cepstra_dump MODEL_FOLDER LIST PAIRS [MAP]: what train_map.py learns from.
//
// Speaks each line of LIST and writes its cepstra to PAIRS: those of the telephone and those of the
// wideband sound, frame by frame. With MAP those of the telephone go through that network first.
//
// A line of LIST: voice, codec (pcmu or pcma), the rate in Hz that the speech of 16 kHz is played
// at, its level in dB, and the sentence. An utterance in PAIRS: the number of frames (int32), then
// as many rows of 13 float32 for the telephone, then as many for wideband.
//
// Both are alike in time because both are made of the same samples: the converters' delay is taken
// out, so both have equal length and their frames begin at equal samples. Pauses stay in, as the
// front end would not find them at the same places.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "audio/g711.hpp"
#include "audio/resampler.hpp"
#include "audio/speech.hpp"
#include "front_end.hpp"
#include "telephone_band.hpp"

namespace offhook::pocketsphinx {
namespace {

using Samples = std::vector<std::int16_t>;
using Frames = std::vector<Cepstra>;

constexpr int wide_hz = 16'000;
constexpr int telephone_hz = 8'000;

template <class T>
T value_of(Result<T> result) {
  if (!result) {
    throw std::runtime_error{result.error().detail};
  }
  return std::move(*result);
}

struct Line {
  std::string voice;
  std::string codec;
  int played_hz = 0;
  double level_db = 0;
  std::string sentence;
};

Line parse_line(const std::string& text) {
  Line line;
  std::istringstream words{text};
  words >> line.voice >> line.codec >> line.played_hz >> line.level_db >> std::ws;
  std::getline(words, line.sentence);
  if (words.fail() || (line.codec != "pcmu" && line.codec != "pcma")) {
    throw std::runtime_error{"not VOICE CODEC HZ DB SENTENCE: " + text};
  }
  return line;
}

/// With the pauses around it that a turn detector leaves.
Samples spoken(const Line& line) {
  const Samples speech = value_of(audio::speak(line.sentence, line.voice, wide_hz)).sound.samples;
  Samples turn(wide_hz / 4);
  const Samples played = value_of(audio::resample(speech, line.played_hz, wide_hz));
  const double gain = std::pow(10.0, line.level_db / 20);
  for (const std::int16_t sample : played) {
    turn.push_back(static_cast<std::int16_t>(std::clamp(sample * gain, -32'768.0, 32'767.0)));
  }
  turn.resize(turn.size() + wide_hz / 2);
  return turn;
}

Samples over_the_telephone(const Samples& wide, bool mu_law) {
  Samples narrow = value_of(audio::resample(wide, wide_hz, telephone_hz));
  for (std::int16_t& sample : narrow) {
    sample = mu_law ? audio::decode_mu_law(audio::encode_mu_law(sample))
                    : audio::decode_a_law(audio::encode_a_law(sample));
  }
  Samples back = value_of(audio::resample(narrow, telephone_hz, wide_hz));
  back.resize(wide.size());
  return back;
}

Frames analyse(FrontEnd& front_end, Samples samples, bool narrowband) {
  BandFiller{narrowband}.process(samples);
  return front_end.analyse(samples);
}

void write(std::ostream& file, const Frames& frames) {
  file.write(reinterpret_cast<const char*>(frames.data()),
             static_cast<std::streamsize>(frames.size() * sizeof(Cepstra)));
}

void dump(const std::string& model, std::istream& list, std::ostream& pairs, const char* map_file) {
  std::optional<CepstraMap> map;
  if (map_file != nullptr && !map.emplace().load(map_file)) {
    throw std::runtime_error{std::string{map_file} + " cannot be read"};
  }
  const DecoderHandle decoder = start_decoder(model, {"-remove_silence", "no"});
  FrontEnd front_end;
  if (decoder == nullptr || !front_end.open(decoder.get())) {
    throw std::runtime_error{"pocketsphinx cannot use the model in " + model};
  }
  for (std::string text; std::getline(list, text);) {
    const Line line = parse_line(text);
    const Samples wide = spoken(line);
    Frames telephone = analyse(front_end, over_the_telephone(wide, line.codec == "pcmu"), true);
    const Frames wideband = analyse(front_end, wide, false);
    if (telephone.size() != wideband.size()) {
      throw std::runtime_error{"not alike in time: " + text};
    }
    if (map) {
      const Frames raw = telephone;
      for (std::size_t i = 0; i < raw.size(); ++i) {
        telephone[i] = map->map(raw, i);
      }
    }
    const auto count = static_cast<std::int32_t>(wideband.size());
    pairs.write(reinterpret_cast<const char*>(&count), sizeof count);
    write(pairs, telephone);
    write(pairs, wideband);
  }
}

int run(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    std::fputs("usage: cepstra_dump MODEL_FOLDER LIST PAIRS [MAP]\n", stderr);
    return 2;
  }
  try {
    if (!audio::speech_available()) {
      throw std::runtime_error{"this build has no voices: install flite1-dev"};
    }
    std::ifstream list{argv[2]};
    std::ofstream pairs{argv[3], std::ios::binary};
    if (!list || !pairs) {
      throw std::runtime_error{"the list or the pairs cannot be opened"};
    }
    dump(argv[1], list, pairs, argc == 5 ? argv[4] : nullptr);
    if (!pairs.flush()) {
      throw std::runtime_error{std::string{argv[3]} + " cannot be written"};
    }
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "cepstra_dump: %s\n", failure.what());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace offhook::pocketsphinx

int main(int argc, char** argv) { return offhook::pocketsphinx::run(argc, argv); }
