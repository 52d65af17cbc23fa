#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "openai/realtime_event.hpp"

namespace offhook::call {

/// One finished utterance.
struct TranscriptLine {
  std::string who;  ///< "caller" or "model".
  std::string text;
  double at_ms = 0;          ///< When it began, on the call's timeline.
  bool interrupted = false;  ///< The caller spoke over it; the rest was not heard.
};

/// Gathers both sides' words from sideband events. No I/O: feed it every event with its time.
///
/// Lines are told when they are final and kept in the order in which they were begun. The caller's
/// words may come long after the model's answer to them (docs/openai-behaviour.md 6); their place
/// is where the speech was.
class Transcript {
 public:
  using OnLine = std::function<void(const TranscriptLine&)>;
  explicit Transcript(OnLine on_line = {}) : on_line_{std::move(on_line)} {}

  void on_event(const openai::RealtimeEvent& event, double at_ms);

  /// Finished lines, by when they began.
  [[nodiscard]] std::vector<TranscriptLine> lines() const;

 private:
  struct Utterance {
    std::string item_id;
    TranscriptLine line;
    bool finished = false;
  };
  Utterance& utterance(std::string_view item_id, std::string_view who, double at_ms);
  void finish(Utterance& utterance, bool interrupted);
  void finish_unheard(const openai::RealtimeEvent& response_done);

  OnLine on_line_;
  std::vector<Utterance> utterances_;
};

}  // namespace offhook::call
