#include "openai/retry_policy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

#include "base/error.hpp"

namespace offhook::openai {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

/// "1.5" times `unit`, or nothing. Values that no delay can have are nothing as well.
std::optional<milliseconds> delay_in(std::string_view text, double unit_ms) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  const double ms = value * unit_ms;
  const bool usable = failure == std::errc{} && end == text.data() + text.size() && ms >= 0 &&
                      ms < 1e12;  // false for NaN, too
  return usable ? std::optional{milliseconds{std::llround(ms)}} : std::nullopt;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT": the one form of RFC 9110 section 5.6.7 still in use. In
/// seconds, because the system clock's nanoseconds end in the year 2262.
std::optional<std::chrono::sys_seconds> http_date(std::string_view text) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || text.substr(3, 2) != ", " || !text.ends_with(" GMT")) {
    return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t length) {
    int value = -1;
    const auto [end, failure] = std::from_chars(&text[at], &text[at] + length, value);
    return failure == std::errc{} && end == &text[at] + length ? value : -1;
  };
  const auto month = months.find(text.substr(8, 3));
  const std::array parts{number(5, 2), number(12, 4), number(17, 2), number(20, 2), number(23, 2)};
  if (month == std::string_view::npos || month % 3 != 0 || std::ranges::min(parts) < 0) {
    return std::nullopt;
  }
  using namespace std::chrono;
  const year_month_day date{year{parts[1]},
                            std::chrono::month{static_cast<unsigned>(month / 3 + 1)},
                            day{static_cast<unsigned>(parts[0])}};
  if (!date.ok()) {
    return std::nullopt;
  }
  return sys_days{date} + hours{parts[2]} + minutes{parts[3]} + seconds{parts[4]};
}

/// No answer came, and another attempt may fare better. A bad certificate will not.
bool passes(std::error_code failure) {
  return failure == Errc::unreachable || failure == Errc::timed_out || failure == Errc::not_found ||
         failure == Errc::peer_closed;
}

bool worth_repeating(const AttemptOutcome& outcome) {
  if (outcome.status == 0) {
    return passes(outcome.failure);
  }
  const std::string_view told = outcome.headers.get("x-should-retry");
  if (told == "true" || told == "false") {
    return told == "true";
  }
  if (outcome.api_code == "decision_already_made") {
    return false;
  }
  return outcome.status == 408 || outcome.status == 409 || outcome.status == 429 ||
         outcome.status >= 500;
}

}  // namespace

std::optional<milliseconds> requested_delay(const net::HttpHeaders& headers,
                                            system_clock::time_point now) {
  if (const auto delay = delay_in(headers.get("retry-after-ms"), 1)) {
    return delay;
  }
  const std::string_view text = headers.get("retry-after");
  if (const auto delay = delay_in(text, 1'000)) {
    return delay;
  }
  if (const auto date = http_date(text)) {
    return std::max(milliseconds{0}, *date - std::chrono::floor<milliseconds>(now));
  }
  return std::nullopt;
}

std::optional<milliseconds> RetryPolicy::next_delay(const AttemptOutcome& outcome,
                                                    milliseconds elapsed,
                                                    system_clock::time_point now,
                                                    double jitter) {
  if (outcome.status == 404 && outcome.headers.get("x-should-retry") != "false") {
    constexpr std::array early{milliseconds{100}, milliseconds{200}, milliseconds{400}};
    const auto step = std::min<std::size_t>(static_cast<std::size_t>(not_found_), early.size() - 1);
    if (elapsed + early.at(step) <= limits_.not_found_window) {
      ++not_found_;
      return early.at(step);
    }
  }
  if (!worth_repeating(outcome) || retries_ >= limits_.retries) {
    return std::nullopt;
  }
  const auto requested = requested_delay(outcome.headers, now);
  const bool obey = requested && *requested <= limits_.longest_server_delay;
  const auto delay = obey ? *requested : backoff(jitter);
  ++retries_;
  return delay;
}

milliseconds RetryPolicy::backoff(double jitter) const {
  const double doubled =
      static_cast<double>(limits_.first_delay.count()) * std::exp2(static_cast<double>(retries_));
  const double capped = std::min(doubled, static_cast<double>(limits_.longest_delay.count()));
  return milliseconds{std::llround(capped * (1 - 0.25 * jitter))};
}

std::optional<milliseconds> attach_delay(int attempt,
                                         int status,
                                         milliseconds elapsed,
                                         milliseconds patience) {
  const bool may_pass = status == 404 || status == 429 || status >= 500;
  const auto delay = milliseconds{std::min(1'000, 100 << std::clamp(attempt - 1, 0, 4))};
  return may_pass && elapsed + delay <= patience ? std::optional{delay} : std::nullopt;
}

}  // namespace offhook::openai
