#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "openai/live_event.hpp"
#include "openai/realtime_event.hpp"

namespace offhook::agent {

/// Of a line that is no utterance but a time without the sideband; its text says so.
inline constexpr std::string_view gap_line = "gap";

/// One finished utterance, or a gap.
struct TranscriptLine {
  std::string who;  ///< "caller", "model" or `gap_line`.
  std::string text;
  double at_ms = 0;          ///< When it began, on the call's timeline.
  bool interrupted = false;  ///< The caller spoke over it; the rest was not heard.
  /// How long a gap was; nothing where an earlier process lost the call, nobody knows when.
  std::optional<double> gap_ms{};
};

/// As summaries and the control API show it.
[[nodiscard]] boost::json::object to_json(const TranscriptLine& line);

/// The sideband was away, and came back or was given up. What was said meanwhile is not known.
struct SidebandGap {
  double from_ms = 0;  ///< On the call's timeline.
  std::optional<double> lasted_ms{};
};

/// Gathers both sides' words from sideband events of either API. No I/O: feed it every event with
/// its time.
///
/// Lines are told when they are final and kept in the order in which they were begun. The caller's
/// words may come long after the model's answer to them (docs/openai-behaviour.md 6); their place
/// is where the speech was. Live has no utterances, only words with times: a line of it ends when
/// its speaker pauses, or when the other one has begun and finished meanwhile.
class Transcript {
 public:
  using OnLine = std::function<void(const TranscriptLine&)>;
  /// @param lines_kept  Finished lines that stay available; 0: all.
  explicit Transcript(OnLine on_line = {}, std::size_t lines_kept = 0)
      : on_line_{std::move(on_line)}, lines_kept_{lines_kept} {}

  void on_event(const openai::RealtimeEvent& event, double at_ms);
  /// The same for Live.
  void on_delta(const openai::LiveTranscriptDelta& delta, double at_ms);
  /// What was said while nobody listened, as it was found afterwards. Its time counts only if it
  /// had not begun before. @param next  The item that it is before; empty: not known.
  void on_found(std::string_view item_id, TranscriptLine line, std::string_view next = {});
  /// A line of its own, between what was begun before and after.
  void on_gap(const SidebandGap& gap);
  /// Ends Live's lines whose speaker has paused for long enough by `at_ms`, or all.
  void end_pauses(double at_ms);
  void end_all();

  /// Finished lines, by when they began.
  [[nodiscard]] std::vector<TranscriptLine> lines() const;
  /// The same with those of Live that are still going on, and without gaps.
  [[nodiscard]] std::vector<TranscriptLine> lines_so_far() const;

 private:
  struct Utterance {
    std::string item_id;
    TranscriptLine line;
    bool finished = false;
  };
  /// A line of Live that is going on.
  struct Running {
    TranscriptLine line;
    std::int64_t end_ms = 0;  ///< Of its last word, on the session's time line.
    double heard_at_ms = 0;   ///< When that came, on the call's.
  };
  void end_running(std::optional<Running>& running);
  void keep(std::string item_id, TranscriptLine line);
  void forget_old();
  Utterance& utterance(std::string_view item_id, std::string_view who, double at_ms);
  void finish(Utterance& utterance, bool interrupted);
  void on_model_words(const openai::RealtimeModelWords& words, double at_ms);
  void finish_unheard(const openai::RealtimeResponse& response, double at_ms);

  OnLine on_line_;
  std::size_t lines_kept_;
  std::optional<double> session_began_ms_;  ///< Live's time zero on the call's timeline.
  std::optional<Running> caller_;
  std::optional<Running> model_;
  std::vector<Utterance> utterances_;
  std::string cleared_response_;  ///< The caller spoke over it: its transcript is what was said.
};

}  // namespace offhook::agent
