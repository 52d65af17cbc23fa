#include "sim/voice.hpp"

#include <functional>
#include <optional>
#include <span>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "audio/speech.hpp"
#include "sim/speaker.hpp"

namespace offhook::sim {
namespace {

constexpr std::size_t most_remembered = 64;
static_assert(audio::speech_rate_hz == voice_rate_hz);

/// Passes the pieces of a sentence on as they come.
class Narrator {
 public:
  using Tell = std::function<bool(SpokenPiece)>;

  /// @param tell  false: no more is wanted.
  Narrator(const std::string& text, Tell tell) : text_{text}, tell_{std::move(tell)} {}

  /// @return the whole sentence; nothing when not all of it was wanted.
  [[nodiscard]] Result<std::optional<SpokenPiece>> speak(const audio::SpeechStyle& style) {
    const audio::SpeechSink sink{
        [this](std::vector<audio::Speech::Word> words, std::size_t samples) {
          begin(std::move(words), samples);
        },
        [this](std::span<const std::int16_t> samples) { return add(samples); }};
    if (auto spoken = audio::speak_in_pieces(text_, style, sink); !spoken) {
      return fail(std::move(spoken).error());
    }
    if (!wanted_) {
      return std::nullopt;
    }
    // Words are counted in milliseconds, and so is what was heard of them.
    const auto missing = static_cast<std::size_t>(whole_.begins->duration_ms) * samples_per_ms -
                         whole_.samples.size();
    next_.samples.resize(next_.samples.size() + missing);
    whole_.samples.resize(whole_.samples.size() + missing);
    next_.ends = true;
    whole_.ends = true;
    wanted_ = tell_(std::move(next_));
    return std::move(whole_);
  }

 private:
  void begin(std::vector<audio::Speech::Word> words, std::size_t samples) {
    Sentence sentence;
    sentence.text = text_;
    for (auto& word : words) {
      sentence.words.push_back({std::move(word.text), word.end_ms});
    }
    sentence.duration_ms = static_cast<int>((samples + samples_per_ms - 1) / samples_per_ms);
    whole_.begins = sentence;
    next_.begins = std::move(sentence);
  }

  bool add(std::span<const std::int16_t> samples) {
    // One piece is held back until it is known whether it is the last.
    if (!next_.samples.empty()) {
      wanted_ = tell_(std::exchange(next_, {}));
    }
    next_.samples.assign(samples.begin(), samples.end());
    whole_.samples.insert(whole_.samples.end(), samples.begin(), samples.end());
    return wanted_;
  }

  const std::string& text_;
  Tell tell_;
  SpokenPiece next_;
  SpokenPiece whole_;
  bool wanted_ = true;
};

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

void Voice::speak(std::string text, Stop stop, OnPiece tell, audio::SpeechStyle style) {
  if (style.voice.empty()) {
    style.voice = name_;
  }
  style.at_once = true;  // a caller would wait for the pause
  boost::asio::post(pool_, [control = control_, style = std::move(style), closing = closing_,
                            stop = std::move(stop), lately = spoken_, text = std::move(text),
                            tell = std::move(tell)] {
    const auto post = [&](Result<SpokenPiece> piece) {
      boost::asio::post(control,
                        [tell, piece = std::move(piece)]() mutable { tell(std::move(piece)); });
    };
    auto sentences = audio::split_sentences(text);
    if (sentences.empty()) {
      sentences.push_back(text);
    }
    for (const std::string& sentence : sentences) {
      const bool last = &sentence == &sentences.back();
      const auto tell_piece = [&](SpokenPiece piece) {
        if (stop->load() || closing->load()) {
          return false;
        }
        piece.last_sentence = last;
        post(std::move(piece));
        return true;
      };
      const std::string key = fmt::format("{} {} {}", style.voice, style.speed, sentence);
      if (const auto known = lately->find(key); known != lately->end()) {
        if (!tell_piece(known->second)) {
          return;
        }
        continue;
      }
      auto spoken = Narrator{sentence, tell_piece}.speak(style);
      if (!spoken) {
        post(fail(std::move(spoken).error()));
        return;
      }
      if (!*spoken) {
        return;
      }
      if (lately->size() >= most_remembered) {
        lately->clear();
      }
      lately->emplace(key, **std::move(spoken));
    }
  });
}

}  // namespace offhook::sim
