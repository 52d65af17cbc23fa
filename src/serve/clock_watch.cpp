#include "serve/clock_watch.hpp"

#include <utility>

namespace offhook::serve {

namespace {

constexpr std::chrono::seconds least_step{2};  ///< NTP slews what is less.
constexpr std::chrono::minutes memory{5};

}  // namespace

std::optional<std::chrono::seconds> ClockWatch::look(std::chrono::nanoseconds offset) {
  const auto by =
      std::chrono::duration_cast<std::chrono::seconds>(offset - std::exchange(offset_, offset));
  if (std::chrono::abs(by) < least_step) {
    return std::nullopt;
  }
  total_ += by;
  last_step_ = by;
  contradicted_.reset();
  return by;
}

void ClockWatch::on_webhook(bool fits, Time now) {
  if (fits) {
    last_step_ = {};
    contradicted_.reset();
  } else if (last_step_.count() != 0) {
    contradicted_ = now;
  }
}

std::string ClockWatch::doubt(Time now) const {
  if (!contradicted_ || now - *contradicted_ > memory) {
    return {};
  }
  return "the clock was set by " + std::to_string(last_step_.count()) +
         " s, and genuine webhooks are refused since as of another time: check date and NTP";
}

}  // namespace offhook::serve
