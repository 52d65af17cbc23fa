#include "call/dial_report.hpp"

#include <utility>

#include <fmt/format.h>

namespace offhook::call {

namespace json = boost::json;

json::object to_json(const DialReport& report) {
  // Parentheses: braces would make it an array.
  const json::value cost = report.cost ? json::value(*report.cost) : json::value(nullptr);
  return {{"result", to_string(report.ending.result)},
          {"exit_code", exit_code(report.ending.result)},
          {"reason", report.ending.reason},
          {"destination", report.destination},
          {"session_id", report.session_id},
          {"duration_ms", report.duration_ms},
          {"setup_ms", to_json(report.setup)},
          {"usage_seconds", report.usage.live_seconds},
          {"cost", cost},
          {"malformed_events", report.malformed_events},
          {"transcript", to_json(report.transcript)}};
}

std::string to_text(const DialReport& report) {
  std::string text = fmt::format("\nCall ended: {}\n", to_string(report.ending.result));
  text += to_text(report.setup);
  if (report.duration_ms > 0) {
    text += fmt::format("  {:<22} {:.1f} s", "talked", report.duration_ms / 1'000);
    text += fmt::format(", {:.1f} s used{}\n", report.usage.live_seconds,
                        report.cost ? fmt::format(", about {:.4f}", *report.cost) : "");
  }
  return text;
}

}  // namespace offhook::call
