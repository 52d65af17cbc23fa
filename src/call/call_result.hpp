#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/race.hpp"

namespace offhook::call {

/// How a call ended. Each has one exit code, listed in docs/exit-codes.md.
enum class CallResult : std::uint8_t {
  completed,        ///< The input is over and the model has said its last word.
  hung_up_by_user,  ///< Ctrl-C, or the program asked for it.
  hung_up_by_peer,  ///< BYE.
  time_limit,       ///< --max-duration.
  unreachable,      ///< SIP host not found or not connectable.
  tls_failed,       ///< Its certificate was not acceptable.
  invite_refused,   ///< Final response 3xx to 6xx.
  no_answer,        ///< No response to the INVITE, or none that is final.
  connection_lost,  ///< The SIP connection broke in mid-call and did not come back.
  no_webhook,       ///< realtime.call.incoming never came.
  accept_failed,    ///< The REST accept was refused.
  sideband_failed,  ///< The sideband was refused, or lost for good.
  media_failed,     ///< No common codec or keying, or no socket for RTP.
  audio_failed,     ///< The sound device or file cannot be used.
  internal_error,
};

[[nodiscard]] std::string_view to_string(CallResult result) noexcept;
[[nodiscard]] int exit_code(CallResult result) noexcept;

/// How one branch of a call ended, and the sentence for the user.
struct Ending {
  CallResult result = CallResult::internal_error;
  std::string reason{};  ///< Empty for an ordinary end.
};

/// What a call's branches came to; an exception is an internal error.
[[nodiscard]] Ending unwrap_ending(Settled<Ending> settled);

}  // namespace offhook::call
