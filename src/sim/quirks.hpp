#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace offhook::sim {

/// A way in which the real service has misbehaved, or may; see the table in quirks.cpp.
enum class Quirk : std::uint8_t {
  invite_ignored,
  invite_unanswered,
  invite_400,
  invite_408,
  invite_503,
  contact_403,
  omit_content_type,
  sips_contact,
  dtls_as_rtp,
  late_webhook,
  duplicate_webhook,
  lost_webhook,
  accept_not_found,
  accept_204,
  accept_then_fail,
  accept_after_cancel,
  lost_answer,
  decision_made,
  reject_silent,
  rate_limit,
  server_error,
  refer_silent,
  refer_error,
  refer_no_id,
  sideband_404,
  sideband_drop,
  sideband_drops,
  broken_frame,
  giant_frame,
  bye_during_accept,
  early_expiry,
  transcription_failed,
  response_failed,
  content_filter,
  lost_last_events,
  broken_events,
  reordered_events,
  unknown_events,
  extra_fields,
  slow,
  silent_call,
  one_way,
  static_sound,
  phantom_speech,
  wrong_voice,
  ssrc_change,
  port_change,
  loss,
  jitter,
  reorder,
  duplicate_packets,
};
inline constexpr std::size_t quirk_count = static_cast<std::size_t>(Quirk::duplicate_packets) + 1;

/// One row of the table of faults.
struct QuirkInfo {
  Quirk quirk;
  std::string_view name;  ///< As `--quirk` and X-Sim-Quirks spell it.
  std::string_view what;  ///< What it does.
  std::string_view seen;  ///< Who saw it in the field.
};
[[nodiscard]] std::span<const QuirkInfo, quirk_count> all_quirks() noexcept;

/// The faults of one call.
class QuirkSet {
 public:
  [[nodiscard]] bool has(Quirk quirk) const noexcept {
    return set_.test(static_cast<std::size_t>(quirk));
  }
  [[nodiscard]] bool has_any(std::initializer_list<Quirk> quirks) const noexcept {
    for (const Quirk quirk : quirks) {
      if (has(quirk)) {
        return true;
      }
    }
    return false;
  }
  void add(Quirk quirk) noexcept { set_.set(static_cast<std::size_t>(quirk)); }
  /// Their names, in the order of the table.
  [[nodiscard]] std::vector<std::string_view> names() const;

 private:
  std::bitset<quirk_count> set_;
};

/// A fault that some of the calls have.
struct QuirkChance {
  Quirk quirk = Quirk::omit_content_type;
  double probability = 1;
};

/// Reads "NAME" or "NAME:PROBABILITY".
/// @return `invalid_argument` for an unknown name or a probability outside 0 to 1.
[[nodiscard]] Result<QuirkChance> parse_quirk(std::string_view text);

/// The header of an INVITE by which a caller wishes for faults.
inline constexpr std::string_view quirks_header = "X-Sim-Quirks";

/// Reads "NAME, NAME:PROBABILITY". @param unknown  Gets what is no fault.
[[nodiscard]] std::vector<QuirkChance> parse_quirks_header(std::string_view text,
                                                           std::vector<std::string>& unknown);

/// Throws the dice for one call.
[[nodiscard]] QuirkSet draw_quirks(std::span<const QuirkChance> chances, std::mt19937& dice);

}  // namespace offhook::sim
