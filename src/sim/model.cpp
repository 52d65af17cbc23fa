#include "sim/model.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "base/clock.hpp"

namespace offhook::sim {
namespace {

Time now_steady() { return std::chrono::steady_clock::now(); }

}  // namespace

Model::Model(SessionConfig config,
             SessionOptions options,
             ScriptRecogniser recogniser,
             Speaker& speaker,
             Voice& voice,
             ModelHooks hooks)
    : session_{std::move(config), std::move(options)},
      recogniser_{std::move(recogniser)},
      speaker_{speaker},
      voice_{voice},
      hooks_{std::move(hooks)},
      ears_{session_.turns()} {}

Model::~Model() {
  for (const Utterance& utterance : utterances_) {
    utterance.stop->store(true);
  }
}

void Model::on_client_event(std::string_view text) {
  session_.on_client_event(text, now_steady());
  obey();
}

void Model::on_digit(char digit) {
  session_.on_digit(digit, unix_seconds());
  obey();
}

void Model::tick(Time now) {
  speaker_.collect();
  follow_playback(now);
  hear(now);
  session_.on_time(now);
  obey();
}

void Model::follow_playback(Time now) {
  // One reading serves both steps: the media thread plays on meanwhile, and the end of an utterance
  // that was forgotten before the session heard of it would never be told.
  for (Utterance& utterance : utterances_) {
    utterance.played = speaker_.played_samples(utterance.number);
    if (utterance.played > 0 && !utterance.cleared) {
      session_.on_playback(utterance.response_id,
                           static_cast<int>(utterance.played / samples_per_ms), now);
    }
  }
  obey();
  std::erase_if(utterances_, [](const Utterance& utterance) {
    return utterance.whole && (utterance.cleared || utterance.played >= utterance.samples.size());
  });
}

void Model::hear(Time now) {
  CallerFrame frame;
  while (speaker_.hear(frame)) {
    const audio::TurnEvent event = ears_.hear(frame);
    session_.on_caller_audio(ears_.audio_ms(), now);
    if (event.kind == audio::TurnEvent::Kind::started) {
      session_.on_speech_started(event.audio_ms, now);
    } else if (event.kind == audio::TurnEvent::Kind::stopped) {
      session_.on_speech_stopped(event.audio_ms, now);
    }
    obey();
  }
}

void Model::obey() {
  for (auto actions = session_.take_actions(); !actions.empty();
       actions = session_.take_actions()) {
    for (Action& action : actions) {
      std::visit([this](auto& what) { perform(what); }, action);
    }
  }
}

void Model::perform(SendEvent& action) { hooks_.send(action.event); }

void Model::perform(const Synthesise& action) {
  auto tell = [weak = weak_from_this(), id = action.response_id](Result<SpokenSentence> spoken) {
    if (const auto self = weak.lock()) {
      self->on_spoken(id, std::move(spoken));
    }
  };
  Utterance utterance;
  utterance.response_id = action.response_id;
  utterance.number = ++last_number_;
  utterance.stop = voice_.speak(action.text, std::move(tell));
  utterances_.push_back(std::move(utterance));
}

void Model::on_spoken(const std::string& response_id, Result<SpokenSentence> spoken) {
  Utterance* const utterance = find(response_id);
  if (!spoken) {
    if (utterance != nullptr) {
      utterance->whole = true;
    }
    session_.on_synthesis_failed(response_id, spoken.error().detail, now_steady());
    obey();
    return;
  }
  if (utterance != nullptr) {
    utterance->samples.insert(utterance->samples.end(), spoken->samples.begin(),
                              spoken->samples.end());
    utterance->whole = spoken->last;
  }
  session_.on_sentence(response_id, spoken->sentence, spoken->last, now_steady());
  obey();
}

void Model::perform(const Play& action) {
  Utterance* const utterance = find(action.response_id);
  if (utterance == nullptr || utterance->cleared) {
    return;
  }
  const auto& samples = utterance->samples;
  const std::size_t to =
      std::min(samples.size(), static_cast<std::size_t>(action.to_ms) * samples_per_ms);
  const auto at = [&](std::size_t sample) {
    return samples.begin() + static_cast<std::ptrdiff_t>(sample);
  };
  speaker_.play(utterance->number, {at(utterance->queued), at(to)});
  utterance->queued = to;
}

void Model::perform(const StopSynthesis& action) {
  if (Utterance* const utterance = find(action.response_id)) {
    utterance->stop->store(true);
    utterance->samples.resize(utterance->queued);
    utterance->whole = true;
  }
}

void Model::perform(const ClearPlayback& /*action*/) {
  speaker_.clear();
  for (Utterance& utterance : utterances_) {
    utterance.cleared = true;
  }
}

void Model::perform(const Recognise& action) {
  session_.on_transcript(action.item_id, recogniser_.next());
}

void Model::perform(const ChangeTurns& /*action*/) { ears_.configure(session_.turns()); }

void Model::perform(const EndCall& /*action*/) { hooks_.end_call(); }

Model::Utterance* Model::find(std::string_view response_id) {
  const auto found = std::find_if(
      utterances_.begin(), utterances_.end(),
      [&](const Utterance& utterance) { return utterance.response_id == response_id; });
  return found == utterances_.end() ? nullptr : &*found;
}

}  // namespace offhook::sim
