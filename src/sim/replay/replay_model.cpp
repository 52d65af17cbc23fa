#include "sim/replay/replay_model.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <variant>

namespace offhook::sim {

ReplayModel::ReplayModel(ReplaySession session, Speaker& speaker, ModelHooks hooks)
    : session_{std::move(session)}, speaker_{speaker}, hooks_{std::move(hooks)} {}

std::vector<boost::json::object> ReplayModel::greeting() {
  return {session_.session_created(std::chrono::steady_clock::now())};
}

void ReplayModel::on_client_event(std::string_view text) {
  session_.on_client_event(text, std::chrono::steady_clock::now());
  obey();
}

void ReplayModel::tick(Time now) {
  speaker_.collect();
  CallerFrame unheard;
  while (speaker_.hear(unheard)) {
  }
  session_.on_time(now);
  obey();
}

void ReplayModel::obey() {
  for (const auto& action : session_.take_actions()) {
    std::visit([this](const auto& what) { perform(what); }, action);
  }
}

void ReplayModel::perform(const SendEvent& action) {
  if (event_text(action.event, "type") == "conversation.item.input_audio_transcription.completed" &&
      hooks_.heard) {
    hooks_.heard(std::string{event_text(action.event, "item_id")},
                 event_text(action.event, "transcript"));
  }
  hooks_.send(action.event);
}

void ReplayModel::perform(const PlayRecorded& action) {
  constexpr std::uint32_t only_utterance = 1;
  speaker_.play(only_utterance, {action.samples.begin(), action.samples.end()});
}

}  // namespace offhook::sim
