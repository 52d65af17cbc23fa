#include "sim/mouth.hpp"

#include <algorithm>
#include <utility>

namespace offhook::sim {

Mouth::Mouth(Speaker& speaker, Voice& voice, Hooks hooks)
    : speaker_{speaker},
      voice_{voice},
      hooks_{std::move(hooks)},
      self_{std::make_shared<Mouth*>(this)} {}

Mouth::~Mouth() {
  for (const Utterance& utterance : utterances_) {
    if (utterance.stop) {
      utterance.stop->store(true);
    }
  }
}

void Mouth::synthesise(const std::string& id,
                       std::string text,
                       bool last,
                       const audio::SpeechStyle& style) {
  auto tell = [weak = std::weak_ptr{self_}, id, last](Result<SpokenPiece> spoken) {
    if (const auto self = weak.lock()) {
      if (spoken) {
        spoken->last_sentence = spoken->last_sentence && last;
      }
      (*self)->on_spoken(id, std::move(spoken));
    }
  };
  Utterance* utterance = find(id);
  if (utterance == nullptr) {
    utterance = &utterances_.emplace_back();
    utterance->id = id;
    utterance->number = ++last_number_;
    utterance->stop = Voice::not_stopped();
    utterance->style = style;
  }
  voice_.speak(std::move(text), utterance->stop, std::move(tell), utterance->style);
}

void Mouth::on_spoken(const std::string& id, Result<SpokenPiece> spoken) {
  Utterance* const utterance = find(id);
  if (!spoken) {
    if (utterance != nullptr) {
      utterance->whole = true;
    }
    hooks_.failed(id, spoken.error().detail);
    return;
  }
  if (utterance != nullptr && !utterance->stop->load()) {
    utterance->samples.insert(utterance->samples.end(), spoken->samples.begin(),
                              spoken->samples.end());
    utterance->whole = utterance->whole || (spoken->ends && spoken->last_sentence);
    queue(*utterance);
    stop_when_enough(*utterance);
  }
  if (spoken->begins) {
    hooks_.sentence(id, *spoken->begins, spoken->last_sentence);
  }
}

void Mouth::play(std::string_view id, int to_ms) {
  Utterance* const utterance = find(id);
  if (utterance != nullptr && !utterance->cleared) {
    utterance->wanted = static_cast<std::size_t>(to_ms) * samples_per_ms;
    queue(*utterance);
  }
}

void Mouth::queue(Utterance& utterance) {
  const auto& samples = utterance.samples;
  const std::size_t to = std::min(samples.size(), utterance.wanted);
  if (utterance.cleared || to <= utterance.queued) {
    return;
  }
  const auto at = [&](std::size_t sample) {
    return samples.begin() + static_cast<std::ptrdiff_t>(sample);
  };
  speaker_.play(utterance.number, {at(utterance.queued), at(to)});
  utterance.queued = to;
}

void Mouth::play_sound(const std::string& id, std::vector<std::int16_t> samples) {
  Utterance utterance;
  utterance.id = id;
  utterance.number = ++last_number_;
  utterance.queued = samples.size();
  utterance.samples = samples;
  utterance.whole = true;
  utterances_.push_back(std::move(utterance));
  speaker_.play(last_number_, std::move(samples));
}

void Mouth::stop(std::string_view id) {
  if (Utterance* const utterance = find(id)) {
    utterance->stopping = true;
    stop_when_enough(*utterance);
  }
}

/// Words are told, and may be heard, before they are synthesised.
void Mouth::stop_when_enough(Utterance& utterance) {
  const bool to_come =
      !utterance.cleared && !utterance.whole && utterance.samples.size() < utterance.wanted;
  if (!utterance.stopping || to_come) {
    return;
  }
  if (utterance.stop) {
    utterance.stop->store(true);
  }
  utterance.samples.resize(utterance.queued);
  utterance.whole = true;
}

void Mouth::clear() {
  speaker_.clear();
  for (Utterance& utterance : utterances_) {
    utterance.cleared = true;
    stop_when_enough(utterance);
  }
}

void Mouth::follow() {
  // One reading serves both steps: the media thread plays on meanwhile, and the end of an utterance
  // that was forgotten before anybody heard of it would never be told.
  for (Utterance& utterance : utterances_) {
    utterance.played = speaker_.played_samples(utterance.number);
    if (utterance.played > 0 && !utterance.cleared) {
      hooks_.played(utterance.id, static_cast<int>(utterance.played / samples_per_ms));
    }
  }
  std::erase_if(utterances_, [](const Utterance& utterance) {
    return utterance.whole && (utterance.cleared || utterance.played >= utterance.samples.size());
  });
}

Mouth::Utterance* Mouth::find(std::string_view id) {
  const auto found = std::find_if(utterances_.begin(), utterances_.end(),
                                  [&](const Utterance& u) { return u.id == id; });
  return found == utterances_.end() ? nullptr : &*found;
}

}  // namespace offhook::sim
