#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
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

  /// @param listener    May be null: nothing is recognised. Must outlive this.
  /// @param narrowband  The call's codec ends at 4 kHz.
  Hearing(ScriptRecogniser script, Listener* listener, bool narrowband);

  /// Every frame of the caller, in order.
  void hear(const CallerFrame& frame);
  /// A turn begins, `ago_ms` before now: what was heard until then belongs to none.
  void begin_turn(int ago_ms);
  /// The words of what was heard since the turn began, or since the last turn that was asked for.
  /// @param tell  Called now or later; not after this was destroyed.
  void find_words(OnWords tell);

 private:
  static constexpr std::size_t longest = std::size_t{60} * voice_rate_hz;

  ScriptRecogniser script_;
  Listener* listener_;
  bool narrowband_;
  std::vector<std::int16_t> heard_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace offhook::sim
