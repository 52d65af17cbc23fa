#include "sim/assumptions.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/duration.hpp"
#include "base/printable.hpp"

namespace offhook::sim {
namespace {

using Milliseconds = std::chrono::milliseconds;
using Names = std::span<const std::string_view>;

constexpr std::size_t longest_quoted_value = 80;
constexpr std::size_t most_in_list = 20;
constexpr Milliseconds longest_time{std::chrono::hours{72}};

struct Unit {
  std::string_view name;
  Milliseconds time;
};
constexpr std::array<Unit, 4> units{{{"ms", Milliseconds{1}},
                                     {"s", std::chrono::seconds{1}},
                                     {"m", std::chrono::minutes{1}},
                                     {"h", std::chrono::hours{1}}}};

std::optional<int> number(std::string_view text, int least, int most) {
  int value = 0;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good = failure == std::errc{} && stop == text.data() + text.size();
  return good && value >= least && value <= most ? std::optional{value} : std::nullopt;
}

std::optional<Milliseconds> time(std::string_view text) {
  const auto value = parse_duration(text);
  return value && *value <= longest_time ? value : std::nullopt;
}

std::string to_text(Milliseconds value) {
  const Unit* best = units.data();
  for (const Unit& unit : units) {
    best = value % unit.time == Milliseconds{0} && value >= unit.time ? &unit : best;
  }
  return std::to_string(value / best->time) + std::string{best->name};
}

std::vector<std::string_view> parts(std::string_view text) {
  std::vector<std::string_view> list;
  while (true) {
    const std::size_t comma = text.find(',');
    list.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) {
      return list;
    }
    text.remove_prefix(comma + 1);
  }
}

/// A row: how to read a value and how to show it.
struct Row {
  AssumptionInfo info;
  bool (*read)(Assumptions& to, std::string_view text);
  std::string (*show)(const Assumptions& from);
};

template <auto Field, int least, int most>
constexpr Row status_row(AssumptionInfo info) {
  return {info,
          [](Assumptions& to, std::string_view text) {
            const auto value = number(text, least, most);
            if (value) {
              to.*Field = *value;
            }
            return value.has_value();
          },
          [](const Assumptions& from) { return std::to_string(from.*Field); }};
}

template <auto Field>
constexpr Row sip_status(AssumptionInfo info) {
  return status_row<Field, 400, 699>(info);
}

template <auto Field>
constexpr Row http_status(AssumptionInfo info) {
  return status_row<Field, 400, 599>(info);
}

template <auto Field, int least_ms>
constexpr Row time_row(AssumptionInfo info) {
  return {info,
          [](Assumptions& to, std::string_view text) {
            const auto value = time(text);
            const bool good = value && *value >= Milliseconds{least_ms};
            if (good) {
              to.*Field = *value;
            }
            return good;
          },
          [](const Assumptions& from) { return to_text(from.*Field); }};
}

/// One of some names, in the order of the field's values.
template <auto Field, const auto& names>
constexpr Row choice(AssumptionInfo info) {
  return {info,
          [](Assumptions& to, std::string_view text) {
            const auto found = std::ranges::find(names, text);
            if (found == names.end()) {
              return false;
            }
            using Value = std::remove_reference_t<decltype(to.*Field)>;
            to.*Field = static_cast<Value>(found - names.begin());
            return true;
          },
          [](const Assumptions& from) {
            return std::string{names[static_cast<std::size_t>(from.*Field)]};
          }};
}

bool read_no_webhook(Assumptions& to, std::string_view text) {
  const auto status = number(text, 400, 699);
  if (status || text == "wait") {
    to.no_webhook = status;
  }
  return status || text == "wait";
}

bool read_rtp_silence(Assumptions& to, std::string_view text) {
  const auto limit = time(text);
  const bool good = text == "never" || (limit && *limit >= Milliseconds{100});
  if (good) {
    to.rtp_silence = limit;
  }
  return good;
}

bool read_retries(Assumptions& to, std::string_view text) {
  std::vector<Milliseconds> delays;
  for (const std::string_view part :
       text == "none" ? std::vector<std::string_view>{} : parts(text)) {
    const auto delay = time(part);
    if (!delay || delays.size() == most_in_list) {
      return false;
    }
    delays.push_back(*delay);
  }
  to.webhook_retries = std::move(delays);
  return true;
}

bool read_codecs(Assumptions& to, std::string_view text) {
  constexpr std::array<std::string_view, 4> known{"opus", "PCMU", "PCMA", "G722"};
  std::vector<std::string> codecs;
  for (const std::string_view part : parts(text)) {
    if (std::ranges::find(known, part) == known.end() ||
        std::ranges::find(codecs, part) != codecs.end()) {
      return false;
    }
    codecs.emplace_back(part);
  }
  to.codecs = std::move(codecs);
  return true;
}

template <class Range, class Show>
std::string joined(const Range& range, Show show) {
  std::string text;
  for (const auto& one : range) {
    text += (text.empty() ? "" : ",") + show(one);
  }
  return text;
}

constexpr std::array<std::string_view, 3> ringing_names{"never", "at-once", "after-accept"};
constexpr std::array<std::string_view, 2> bad_accept_names{"refuse", "fail-later"};
constexpr std::array<std::string_view, 2> vad_names{"refuse", "take"};
constexpr std::array<std::string_view, 2> sideband_names{"all", "newest"};
constexpr std::array<std::string_view, 2> end_names{"cut", "close-frame"};
constexpr std::array<std::string_view, 2> limits_names{"never", "after-response"};
constexpr std::array<std::string_view, 2> reinvite_names{"answer", "refuse"};
constexpr std::array<std::string_view, 2> timers_names{"ignore", "honour"};
constexpr std::array<std::string_view, 2> options_names{"ignore", "answer"};

constexpr std::string_view sip_values = "400 to 699";
constexpr std::string_view http_values = "400 to 599";

constexpr std::array assumption_rows{
    choice<&Assumptions::ringing, ringing_names>(
        {"ringing", "never, at-once or after-accept", "when the caller gets 180 after 100"}),
    sip_status<&Assumptions::unknown_project>(
        {"unknown-project", sip_values, "status of an INVITE to another project"}),
    Row{{"no-webhook", "400 to 699, or wait",
         "status of an INVITE while no endpoint takes its webhook; wait: for a decision"},
        read_no_webhook,
        [](const Assumptions& from) {
          return from.no_webhook ? std::to_string(*from.no_webhook) : std::string{"wait"};
        }},
    sip_status<&Assumptions::no_codec>(
        {"no-codec", sip_values, "status of an INVITE whose media cannot be taken"}),
    Row{{"codecs", "some of opus,PCMU,PCMA,G722", "codecs that are taken, by preference"},
        read_codecs,
        [](const Assumptions& from) {
          return joined(from.codecs, [](const std::string& name) { return name; });
        }},
    sip_status<&Assumptions::deadline_status>(
        {"deadline-status", sip_values, "status of an INVITE that nobody decides in time"}),
    time_row<&Assumptions::webhook_timeout, 1>(
        {"webhook-timeout", "a time, as 500ms or 5s", "how long a receiver may take to answer"}),
    Row{{"webhook-retries", "times, as 1s,5s, or none",
         "pauses before a webhook is sent again; the last one repeats"},
        read_retries,
        [](const Assumptions& from) {
          return from.webhook_retries.empty() ? std::string{"none"}
                                              : joined(from.webhook_retries, to_text);
        }},
    http_status<&Assumptions::double_decision>(
        {"double-decision", http_values, "status of decision_already_made"}),
    http_status<&Assumptions::unknown_call>(
        {"unknown-call", http_values,
         "status of call_id_not_found: for a call that is over, or a refer before its answer"}),
    choice<&Assumptions::bad_accept_fails_later, bad_accept_names>(
        {"bad-accept", "refuse or fail-later",
         "a body that is wrong gets 400; or 200, then the caller 400 and the sideband 404"}),
    choice<&Assumptions::vad_in_accept, vad_names>(
        {"vad-in-accept", "refuse or take",
         "threshold, prefix_padding_ms and silence_duration_ms in an accept"}),
    http_status<&Assumptions::early_sideband>(
        {"early-sideband", http_values, "status of a sideband before the accept"}),
    choice<&Assumptions::newest_sideband, sideband_names>(
        {"several-sidebands", "all or newest", "which sidebands of one call stay and get events"}),
    choice<&Assumptions::close_frame, end_names>(
        {"socket-end", "cut or close-frame", "how sidebands end when the call does"}),
    time_row<&Assumptions::session_lifetime, 1'000>(
        {"session-lifetime", "a time, as 10s or 60m", "until session_expired and BYE"}),
    choice<&Assumptions::rate_limits, limits_names>(
        {"rate-limits", "after-response or never", "when rate_limits.updated comes"}),
    time_row<&Assumptions::silence_duration, 0>(
        {"silence-duration", "a time, as 200ms", "silence_duration_ms unless a session names it"}),
    time_row<&Assumptions::outbound_ringing, 1>(
        {"outbound-ringing", "a time, as 30s or 3m",
         "from the INVITE of an outbound call to CANCEL and transport.failed"}),
    time_row<&Assumptions::outbound_lifetime, 1'000>(
        {"outbound-lifetime", "a time, as 10s or 2h",
         "from its answer to session.closed, expired, and BYE"}),
    choice<&Assumptions::refuse_reinvite, reinvite_names>(
        {"reinvite", "answer or refuse", "re-INVITE and UPDATE with SDP: RFC 3264, or 488"}),
    choice<&Assumptions::session_timers, timers_names>(
        {"session-timers", "honour or ignore",
         "Session-Expires of a caller that refreshes: BYE when it does not"}),
    choice<&Assumptions::answer_options, options_names>(
        {"options", "answer or ignore", "OPTIONS: 200, or no response"}),
    Row{{"rtp-silence", "a time, as 30s, or never", "how long a caller may send no RTP before BYE"},
        read_rtp_silence,
        [](const Assumptions& from) {
          return from.rtp_silence ? to_text(*from.rtp_silence) : std::string{"never"};
        }},
};

const Row* find(std::string_view name) {
  const auto found =
      std::ranges::find(assumption_rows, name, [](const Row& row) { return row.info.name; });
  return found == assumption_rows.end() ? nullptr : &*found;
}

}  // namespace

std::vector<AssumptionInfo> all_assumptions() {
  std::vector<AssumptionInfo> list;
  for (const Row& row : assumption_rows) {
    list.push_back(row.info);
  }
  return list;
}

std::string value_of(const Assumptions& assumptions, std::string_view name) {
  const Row* const row = find(name);
  return row == nullptr ? std::string{} : row->show(assumptions);
}

Result<> assume(Assumptions& assumptions, std::string_view text) {
  const std::size_t equals = text.find('=');
  const Row* const row = find(text.substr(0, equals));
  const std::string quoted = printable(text, longest_quoted_value);
  if (row == nullptr) {
    return fail(Errc::invalid_argument,
                quoted + ": there is no such assumption; see offhook sim --assumptions");
  }
  const std::string_view value = equals == std::string_view::npos ? "" : text.substr(equals + 1);
  if (equals == std::string_view::npos || !row->read(assumptions, value)) {
    return fail(Errc::invalid_argument, quoted + ": " + std::string{row->info.name} + " must be " +
                                            std::string{row->info.values});
  }
  return {};
}

}  // namespace offhook::sim
