#include "call/call_result.hpp"

#include <array>
#include <exception>
#include <utility>

namespace offhook::call {
namespace {

struct Row {
  CallResult result;
  std::string_view name;
  int exit_code;
};

constexpr std::array rows{
    Row{CallResult::completed, "completed", 0},
    Row{CallResult::hung_up_by_user, "hung_up_by_user", 0},
    Row{CallResult::hung_up_by_peer, "hung_up_by_peer", 0},
    Row{CallResult::time_limit, "time_limit", 0},
    Row{CallResult::internal_error, "internal_error", 1},
    Row{CallResult::unreachable, "unreachable", 10},
    Row{CallResult::tls_failed, "tls_failed", 11},
    Row{CallResult::invite_refused, "invite_refused", 12},
    Row{CallResult::no_answer, "no_answer", 13},
    Row{CallResult::no_webhook, "no_webhook", 14},
    Row{CallResult::accept_failed, "accept_failed", 15},
    Row{CallResult::sideband_failed, "sideband_failed", 16},
    Row{CallResult::media_failed, "media_failed", 17},
    Row{CallResult::audio_failed, "audio_failed", 18},
    Row{CallResult::connection_lost, "connection_lost", 19},
};

const Row& row(CallResult result) noexcept {
  for (const Row& candidate : rows) {
    if (candidate.result == result) {
      return candidate;
    }
  }
  return rows[4];
}

}  // namespace

std::string_view to_string(CallResult result) noexcept { return row(result).name; }
int exit_code(CallResult result) noexcept { return row(result).exit_code; }

Ending unwrap_ending(Settled<Ending> settled) {
  try {
    return unwrap(std::move(settled));
  } catch (const std::exception& failure) {
    return {CallResult::internal_error, std::string{"internal error: "} + failure.what()};
  }
}

}  // namespace offhook::call
