#include "sim/voice.hpp"

#include <utility>

#include <boost/asio/post.hpp>

#include "audio/speech.hpp"
#include "sim/speaker.hpp"

namespace offhook::sim {
namespace {

constexpr std::size_t most_remembered = 64;

Result<SpokenSentence> speak_sentence(const std::string& text, const std::string& voice) {
  auto speech = audio::speak(text, voice, voice_rate_hz);
  if (!speech) {
    return fail(std::move(speech).error());
  }
  SpokenSentence spoken;
  spoken.samples = std::move(speech->sound.samples);
  const std::size_t ms = (spoken.samples.size() + samples_per_ms - 1) / samples_per_ms;
  spoken.samples.resize(ms * samples_per_ms);
  spoken.sentence.text = text;
  spoken.sentence.duration_ms = static_cast<int>(ms);
  for (auto& word : speech->words) {
    spoken.sentence.words.push_back({std::move(word.text), word.end_ms});
  }
  return spoken;
}

}  // namespace

Voice::Voice(boost::asio::any_io_executor control, std::string name)
    : control_{std::move(control)},
      name_{std::move(name)},
      closing_{std::make_shared<std::atomic<bool>>(false)} {}

Voice::~Voice() {
  closing_->store(true);
  pool_.stop();
  pool_.join();
}

std::string_view Voice::another() const noexcept { return name_ == "rms" ? "slt" : "rms"; }

void Voice::speak(std::string text, Stop stop, OnSentence tell, const std::string& voice) {
  boost::asio::post(pool_, [control = control_, voice = voice.empty() ? name_ : voice,
                            closing = closing_, stop = std::move(stop), lately = spoken_,
                            text = std::move(text), tell = std::move(tell)] {
    auto sentences = audio::split_sentences(text);
    if (sentences.empty()) {
      sentences.push_back(text);
    }
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      if (stop->load() || closing->load()) {
        return;
      }
      const std::string key = voice + ' ' + sentences[i];
      const auto known = lately->find(key);
      auto spoken = known == lately->end() ? speak_sentence(sentences[i], voice)
                                           : Result<SpokenSentence>{known->second};
      if (spoken && known == lately->end()) {
        if (lately->size() >= most_remembered) {
          lately->clear();
        }
        lately->emplace(key, *spoken);
      }
      const bool failed = !spoken;
      if (spoken) {
        spoken->last = i + 1 == sentences.size();
      }
      boost::asio::post(control,
                        [tell, spoken = std::move(spoken)]() mutable { tell(std::move(spoken)); });
      if (failed) {
        return;
      }
    }
  });
}

}  // namespace offhook::sim
