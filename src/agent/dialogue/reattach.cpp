#include "agent/dialogue/reattach.hpp"

#include <algorithm>
#include <array>

namespace offhook::agent {
namespace {

using std::chrono::milliseconds;

/// After a sideband that was up for `long_enough`; others could drop ten times a second.
constexpr milliseconds first_delay{100};
constexpr milliseconds long_enough{500};
constexpr std::array delays{milliseconds{500}, milliseconds{500}, milliseconds{1'000},
                            milliseconds{2'000}, milliseconds{4'000}};

bool names_the_call(const Error& error) {
  return error.detail.find("call_id_not_found") != std::string::npos ||
         error.detail.find("session_id_not_found") != std::string::npos;
}

}  // namespace

Reattach::Decision Reattach::next(const Error* refused, milliseconds elapsed) {
  if (refused != nullptr && (refused->status == 404 || names_the_call(*refused))) {
    ++not_found_;
    if (not_found_ > 1 || names_the_call(*refused)) {
      return {Verdict::call_over, {}};
    }
  } else {
    not_found_ = 0;
  }
  const auto step = std::min<std::size_t>(static_cast<std::size_t>(attempts_), delays.size() - 1);
  const auto delay = attempts_ == 0 && lasted_ >= long_enough ? first_delay : delays.at(step);
  ++attempts_;
  if (elapsed + delay > patience_) {
    return {Verdict::give_up, {}};
  }
  return {Verdict::again, delay};
}

}  // namespace offhook::agent
