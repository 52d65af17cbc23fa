#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/listener.hpp"
#include "sim/persona.hpp"
#include "sim/speaker.hpp"

namespace offhook::sim {

/// Finds the words of one caller's turns: those that a script foretells, else those that the
/// recogniser hears, else `unknown_words`. Control thread.
class Hearing {
 public:
  using OnWords = std::function<void(std::string)>;

  /// The longest turn whose sound is kept, and all that is kept of earlier ones.
  static constexpr std::size_t longest = std::size_t{60} * voice_rate_hz;

  /// @param listener    May be null: nothing is recognised. Must outlive this.
  /// @param narrowband  The call's codec ends at 4 kHz.
  Hearing(ScriptRecogniser script, Listener* listener, bool narrowband);

  /// Every frame of the caller, in order.
  void hear(const CallerFrame& frame);
  /// A turn begins, `ago_ms` before now: what was heard until then belongs to none.
  void begin_turn(int ago_ms);
  /// The words of what was heard since the turn began, or since the last turn that was asked for.
  /// @param tell  Called now or later; not after this was destroyed.
  /// @param turn  By which `sound_of` finds it later.
  void find_words(const std::string& turn, OnWords tell);
  /// A turn's sound at 16 kHz; empty when it is no longer kept.
  [[nodiscard]] std::span<const std::int16_t> sound_of(std::string_view turn) const;
  /// Nobody will ask for the sound of a turn: none is kept.
  void keep_no_turns() noexcept { keeps_turns_ = false; }
  /// Samples that are kept by now, of the latest turns and of what is heard.
  [[nodiscard]] std::size_t kept() const noexcept;

 private:
  struct Turn {
    std::string id;
    std::vector<std::int16_t> samples;
  };

  void keep(const std::string& id, std::vector<std::int16_t> samples);

  ScriptRecogniser script_;
  Listener* listener_;
  bool narrowband_;
  bool keeps_turns_ = true;
  std::vector<std::int16_t> heard_;
  std::deque<Turn> turns_{};  ///< The latest ones.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace offhook::sim
