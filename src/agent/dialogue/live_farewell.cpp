#include "agent/dialogue/live_farewell.hpp"

#include <algorithm>

namespace offhook::agent {
namespace {

using namespace std::chrono_literals;

/// For the first word, which may be behind a sentence that is being said.
constexpr auto first_word = 8s;
constexpr auto silence = 2'500ms;
constexpr auto longest = 60s;

}  // namespace

void LiveFarewell::begin(std::string reason, Time now) {
  if (begun_) {
    return;
  }
  begun_ = true;
  reason_ = std::move(reason);
  quiet_at_ = now + first_word;
  last_ = now + longest;
}

void LiveFarewell::on_model_words(Time now) {
  if (quiet_at_) {
    quiet_at_ = now + silence;
  }
}

void LiveFarewell::on_time(Time now) {
  if (quiet_at_ && now >= std::min(*quiet_at_, last_)) {
    quiet_at_.reset();
    hang_up_ = reason_;
  }
}

std::optional<LiveFarewell::Time> LiveFarewell::deadline() const {
  return quiet_at_ ? std::optional{std::min(*quiet_at_, last_)} : std::nullopt;
}

}  // namespace offhook::agent
