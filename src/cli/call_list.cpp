#include "cli/call_list.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/printable.hpp"
#include "cli/print.hpp"

namespace offhook::cli {
namespace {

constexpr std::size_t column_bytes = 20;

std::tm utc(std::int64_t unix_ms) {
  const std::time_t seconds = static_cast<std::time_t>(unix_ms / 1'000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return parts;
}

std::string date_and_time(std::int64_t unix_ms) {
  const std::tm t = utc(unix_ms);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", t.tm_year + 1'900, t.tm_mon + 1,
                     t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

std::string column(std::string_view text) {
  return text.empty() ? "-" : printable(text, column_bytes);
}

/// Who is at the other end: the caller, or whom we called.
std::string other_end(const store::NewCall& call) {
  return call.direction == "outbound" ? "→ " + column(call.called) : column(call.caller);
}

std::string cost_of(const store::Call& call) {
  return call.cost ? fmt::format("{:.4f}", *call.cost) : "-";
}

std::string used_by(const store::Usage& usage) {
  return usage.live_seconds > 0 ? fmt::format("{:.0f} s", usage.live_seconds)
                                : fmt::format("{} tok", usage.tokens());
}

std::string_view name_of(store::ToolState state) {
  switch (state) {
    case store::ToolState::fresh: return "new";
    case store::ToolState::claimed: return "claimed";
    case store::ToolState::done: return "done";
    case store::ToolState::sent: return "sent";
  }
  return "?";
}

/// One moment of a call; moments of several processes are told apart by `run`.
struct Moment {
  std::int64_t run;
  double at_ms;
  std::string text;
};

std::vector<Moment> moments_of(const store::CallStory& story) {
  std::vector<Moment> moments;
  for (const store::Event& event : story.events) {
    const std::string_view direction = event.direction == "received" ? "<"
                                       : event.direction == "sent"   ? ">"
                                                                     : "*";
    moments.push_back({event.run, event.at_ms,
                       fmt::format("{} {}", direction, printable(event.type, max_line_bytes))});
  }
  for (const store::TranscriptLine& line : story.transcript) {
    moments.push_back({line.run, line.at_ms,
                       fmt::format("{}: {}{}", printable(line.who, column_bytes),
                                   printable(line.text, max_line_bytes),
                                   line.interrupted ? " (interrupted)" : "")});
  }
  std::stable_sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) {
    return std::pair{a.run, a.at_ms} < std::pair{b.run, b.at_ms};
  });
  return moments;
}

std::string timeline_of(const store::CallStory& story) {
  std::string text;
  std::optional<std::int64_t> run;
  for (const Moment& moment : moments_of(story)) {
    if (run && *run != moment.run) {
      text += "           --- the agent was started again ---\n";
    }
    run = moment.run;
    text += fmt::format("{:>10.3f} {}\n", moment.at_ms / 1'000, moment.text);
  }
  return text;
}

std::string tools_of(const store::CallStory& story) {
  std::string text;
  for (const store::Tool& tool : story.tools) {
    const std::string took =
        tool.done_at_ms > 0 ? fmt::format(", {} ms", tool.done_at_ms - tool.claimed_at_ms) : "";
    text += fmt::format(
        "  {} [{}{}{}] {} -> {}\n", printable(tool.name, column_bytes), name_of(tool.state), took,
        tool.attempt > 1 ? fmt::format(", attempt {}", tool.attempt) : "",
        printable(tool.arguments, max_line_bytes),
        tool.state == store::ToolState::claimed ? "unknown"
                                                : printable(tool.output, max_line_bytes));
  }
  return text;
}

boost::json::value time_or_null(std::int64_t unix_ms) {
  return unix_ms == 0 ? boost::json::value(nullptr) : boost::json::value(unix_ms);  // {}: an array
}

}  // namespace

std::string to_text(const std::vector<store::Call>& calls) {
  std::string text = fmt::format(
      "{:<19} {:<24} {:<14} {:<16} {:<12} {:>7} {:>5} {:>5} {:>10} {:>8}\n", "began (UTC)", "id",
      "state", "other end", "agent", "seconds", "lines", "tools", "used", "cost");
  for (const store::Call& call : calls) {
    text += fmt::format("{:<19} {:<24} {:<14} {:<16} {:<12} {:>7.0f} {:>5} {:>5} {:>10} {:>8}\n",
                        date_and_time(call.began_at_ms), printable(call.info.call_id, 64),
                        call.live ? "live" : column(call.outcome), other_end(call.info),
                        column(call.info.agent), call.usage.seconds, call.lines, call.tools,
                        used_by(call.usage), cost_of(call));
  }
  return text;
}

std::string to_text(const store::CallStory& story) {
  const store::Call& call = story.call;
  const store::Usage& usage = call.usage;
  std::string text = fmt::format(
      "{} ({}, {}), agent {}, model {}\nfrom {} to {}, began {} UTC, {}\n",
      printable(call.info.call_id, 64), column(call.info.api), column(call.info.direction),
      column(call.info.agent), column(call.info.model), column(call.info.caller),
      column(call.info.called), date_and_time(call.began_at_ms),
      call.live ? "live"
                : fmt::format("lasted {:.1f} s: {}{}{}", usage.seconds, column(call.outcome),
                              call.reason.empty() ? "" : ", ", printable(call.reason, 200)));
  text += fmt::format(
      "used: {} text and {} audio tokens in ({} cached), {} and {} out, {:.0f} s of live; "
      "estimated cost {}\n",
      usage.input_text_tokens, usage.input_audio_tokens, usage.cached_tokens,
      usage.output_text_tokens, usage.output_audio_tokens, usage.live_seconds, cost_of(call));
  if (!call.info.recording.empty()) {
    text += fmt::format("recording: {}\n", printable(call.info.recording, max_line_bytes));
  }
  if (!story.tools.empty()) {
    text += "\ntools\n" + tools_of(story);
  }
  return text + "\n" + timeline_of(story);
}

boost::json::object to_json(const store::Call& call) {
  const store::Usage& usage = call.usage;
  return {{"call_id", call.info.call_id},
          {"api", call.info.api},
          {"direction", call.info.direction},
          {"state", call.live ? "live" : "ended"},
          {"agent", call.info.agent},
          {"model", call.info.model},
          {"caller", call.info.caller},
          {"called", call.info.called},
          {"sip_call_id", call.info.sip_call_id},
          {"webhook_id", call.info.webhook_id},
          {"began_at_ms", call.began_at_ms},
          {"ended_at_ms", time_or_null(call.ended_at_ms)},
          {"outcome", call.outcome},
          {"reason", call.reason},
          {"seconds", usage.seconds},
          {"usage", boost::json::object{{"input_text_tokens", usage.input_text_tokens},
                                        {"input_audio_tokens", usage.input_audio_tokens},
                                        {"cached_tokens", usage.cached_tokens},
                                        {"output_text_tokens", usage.output_text_tokens},
                                        {"output_audio_tokens", usage.output_audio_tokens},
                                        {"live_seconds", usage.live_seconds}}},
          {"cost", call.cost ? boost::json::value(*call.cost) : boost::json::value(nullptr)},
          {"recording", call.info.recording},
          {"lines", call.lines},
          {"tool_calls", call.tools}};
}

boost::json::object to_json(const store::CallStory& story) {
  boost::json::object json = to_json(story.call);
  boost::json::array transcript;
  for (const store::TranscriptLine& line : story.transcript) {
    boost::json::object told{{"who", line.who},
                             {"text", line.text},
                             {"at_ms", line.at_ms},
                             {"interrupted", line.interrupted},
                             {"run", line.run}};
    if (line.gap_ms) {
      told["gap_ms"] = *line.gap_ms;
    }
    transcript.push_back(std::move(told));
  }
  boost::json::array tools;
  for (const store::Tool& tool : story.tools) {
    tools.push_back(boost::json::object{{"function_call_id", tool.function_call_id},
                                        {"name", tool.name},
                                        {"arguments", tool.arguments},
                                        {"policy", tool.policy},
                                        {"state", name_of(tool.state)},
                                        {"attempt", tool.attempt},
                                        {"output", tool.output},
                                        {"claimed_at_ms", tool.claimed_at_ms},
                                        {"done_at_ms", time_or_null(tool.done_at_ms)}});
  }
  boost::json::array events;
  for (const store::Event& event : story.events) {
    events.push_back(boost::json::object{{"at_ms", event.at_ms},
                                         {"run", event.run},
                                         {"direction", event.direction},
                                         {"type", event.type},
                                         {"json", event.json},
                                         {"bytes", event.bytes}});
  }
  json["transcript"] = std::move(transcript);
  json["tools"] = std::move(tools);
  json["events"] = std::move(events);
  return json;
}

Result<std::int64_t> parse_since(const std::string& text,
                                 std::chrono::system_clock::time_point now) {
  const auto unusable = [&] {
    return fail(Errc::invalid_argument,
                "--since " + text + ": give a time like 90s, 15m, 24h or 7d, or a day: 2030-12-31");
  };
  std::tm day{};
  const char* after_day = ::strptime(text.c_str(), "%Y-%m-%d", &day);
  if (after_day != nullptr && *after_day == '\0') {
    return static_cast<std::int64_t>(::timegm(&day)) * 1'000;
  }
  std::int64_t count = 0;
  const char* end = text.data() + text.size();
  const auto [unit, error] = std::from_chars(text.data(), end, count);
  constexpr std::string_view units = "smhd";
  constexpr std::array<std::int64_t, 4> unit_seconds{1, 60, 3'600, 86'400};
  constexpr std::int64_t most = 1'000'000'000;
  const std::size_t which = unit + 1 == end ? units.find(*unit) : std::string_view::npos;
  if (error != std::errc{} || count < 0 || count > most || which == std::string_view::npos) {
    return unusable();
  }
  const auto now_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  return std::max<std::int64_t>(0, now_ms - count * unit_seconds[which] * 1'000);
}

}  // namespace offhook::cli
