#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/error.hpp"

namespace offhook::agent {

/// Decides whether and when a sideband that dropped is attached again. One object per drop. No I/O.
///
/// A call that is over drops its sideband just as a network fault does (docs/openai-behaviour.md
/// 7.10), so the first wait lets the news of an ordinary end overtake us. It is short, because what
/// is begun and ended meanwhile is lost (`ConversationRepair`). The code call_id_not_found ends the
/// matter; a bare 404 is asked once more, because proxies have those, too.
class Reattach {
 public:
  enum class Verdict : std::uint8_t {
    again,      ///< Wait `delay`, then attach.
    call_over,  ///< There is no such call any more.
    give_up,    ///< Too long; the call may live.
  };
  struct Decision {
    Verdict verdict = Verdict::again;
    std::chrono::milliseconds delay{0};
  };

  /// @param lasted  How long the sideband was attached.
  explicit Reattach(std::chrono::milliseconds patience = std::chrono::seconds{60},
                    std::chrono::milliseconds lasted = {})
      : patience_{patience}, lasted_{lasted} {}

  /// @param refused  Of the attempt that just failed; null before the first.
  /// @param elapsed  Since the drop.
  [[nodiscard]] Decision next(const Error* refused, std::chrono::milliseconds elapsed);

 private:
  std::chrono::milliseconds patience_;
  std::chrono::milliseconds lasted_;
  int attempts_ = 0;
  int not_found_ = 0;
};

}  // namespace offhook::agent
