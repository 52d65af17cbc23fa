#pragma once

#include <string>
#include <variant>
#include <vector>

#include "sim/actions.hpp"

namespace offhook::sim {

inline constexpr int fixture_samples_per_ms = 24;

/// A fixture is to be heard: mono at 24 kHz. Its progress comes by `LiveSession::on_playback`.
struct PlaySound {
  std::string id;
  std::vector<std::int16_t> samples;
};

/// A key is to be pressed towards the caller: `LiveSession::on_digit_sent` or `on_digit_failed`
/// follows.
struct SendDigit {
  char digit = 0;
};

/// What a Live session wants done, in order. A response is anything the model says.
using LiveAction = std::variant<SendEvent,
                                Synthesise,
                                Play,
                                StopSynthesis,
                                ClearPlayback,
                                PlaySound,
                                SendDigit,
                                Recognise,
                                Think,
                                StopThinking,
                                EndCall>;

}  // namespace offhook::sim
