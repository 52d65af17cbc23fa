#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace offhook::sim {

/// When a caller hears 180 Ringing, after the 100 that every INVITE gets.
enum class Ringing : std::uint8_t { never, at_once, after_accept };

/// What nobody outside of OpenAI knows, and what the sim does about it: the defaults, each of which
/// `--assume` changes. Rows of the table in assumptions.cpp.
struct Assumptions {
  using Milliseconds = std::chrono::milliseconds;

  // The INVITE. Statuses are those of SIP.
  Ringing ringing = Ringing::never;
  int unknown_project = 404;
  std::optional<int> no_webhook = 404;  ///< Nothing: it waits for a decision all the same.
  int no_codec = 488;
  std::vector<std::string> codecs{"opus", "PCMU", "PCMA"};  ///< By preference.
  int deadline_status = 400;

  // Webhooks.
  Milliseconds webhook_timeout{5'000};
  std::vector<Milliseconds> webhook_retries{std::chrono::seconds{1}, std::chrono::seconds{5},
                                            std::chrono::seconds{30}, std::chrono::seconds{60}};

  // REST. Statuses are those of HTTP.
  int double_decision = 409;
  int unknown_call = 404;
  bool bad_accept_fails_later = false;  ///< Not 400, but 200, and then the call fails.
  bool vad_in_accept = false;           ///< The three numbers of server_vad are taken.

  // Sidebands and sessions.
  int early_sideband = 404;
  bool newest_sideband = false;  ///< Only the one that came last stays.
  bool close_frame = false;      ///< At the end of a call.
  Milliseconds session_lifetime{std::chrono::minutes{60}};
  bool rate_limits = true;  ///< rate_limits.updated after every response.
  Milliseconds silence_duration{200};
  Milliseconds outbound_ringing{std::chrono::minutes{3}};
  Milliseconds outbound_lifetime{std::chrono::hours{2}};  ///< From the answer.

  // The dialog.
  bool refuse_reinvite = false;
  bool session_timers = true;
  bool answer_options = true;
  std::optional<Milliseconds> rtp_silence{};  ///< Then BYE; nothing: never.
};

/// One row of the table.
struct AssumptionInfo {
  std::string_view name;    ///< As `--assume` spells it.
  std::string_view values;  ///< What it can be, for people.
  std::string_view what;    ///< What it decides.
};
[[nodiscard]] std::vector<AssumptionInfo> all_assumptions();

/// What `assumptions` say about one of them, as `--assume` spells it; empty for an unknown name.
[[nodiscard]] std::string value_of(const Assumptions& assumptions, std::string_view name);

/// Reads "NAME=VALUE" into `assumptions`. @return `invalid_argument`, and nothing changes, for an
///         unknown name, or a value that it cannot have.
[[nodiscard]] Result<> assume(Assumptions& assumptions, std::string_view text);

}  // namespace offhook::sim
