#include "cli/serve_view.hpp"

#include <map>
#include <string_view>

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "base/json.hpp"
#include "base/json_text.hpp"
#include "base/printable.hpp"
#include "cli/print.hpp"

namespace offhook::cli {
namespace {

namespace json = boost::json;

std::string text(const json::value& data, std::string_view field) {
  return printable(json_string(data, field), max_line_bytes);
}

std::string because(const json::value& data) {
  const std::string why = text(data, "why");
  return why.empty() ? std::string{} : ": " + why;
}

std::string incoming(const json::value& data) {
  const std::string caller = text(data, "caller");
  return fmt::format("{} → {} ({})", caller.empty() ? "somebody" : caller, text(data, "agent"),
                     text(data, "api"));
}

std::string ended(const json::value& data) {
  const std::string reason = text(data, "reason");
  return fmt::format("ended after {} s: {}{}", json_int(data, "seconds").value_or(0),
                     text(data, "outcome"), reason.empty() ? reason : ", " + reason);
}

std::string webhook(const json::value& data) {
  const std::string outcome = text(data, "outcome");
  if (outcome == "rejected") {
    return fmt::format("rejected with {}{}", json_int(data, "sip_status").value_or(0),
                       because(data));
  }
  if (outcome == "other") {
    return "webhook: another event, acknowledged";
  }
  return fmt::format("webhook: {}{}", outcome, because(data));
}

/// Of the steps only those that somebody may have to do something about.
std::string step(const json::value& data) {
  const std::string name = text(data, "name");
  const std::string source = text(data, "source");
  const std::string error = text(data, "error");
  if (!error.empty()) {
    return fmt::format("{} {}: {}", source, name, error);
  }
  return source == "tool" ? fmt::format("tool {}: {}", text(data, "tool"), name) : std::string{};
}

std::string service_event(std::string_view name, const json::value& data) {
  if (name == "draining") {
    return fmt::format("draining: {} calls are up, no new ones are taken",
                       json_int(data, "live_calls").value_or(0));
  }
  if (name == "reloaded") {
    const std::string kept = text(data, "needs_restart");
    return "the agent file holds for new calls" +
           (kept.empty() ? kept : "; only a restart changes " + kept);
  }
  if (name == "journal_restored") {
    return fmt::format("the journal can be written again, after {:.1f} s",
                       static_cast<double>(json_int(data, "after_ms").value_or(0)) / 1'000);
  }
  if (name == "clock_set") {
    return fmt::format("the wall clock was set by {} s", json_int(data, "by_s").value_or(0));
  }
  return std::string{name} + because(data);
}

}  // namespace

std::string describe(const serve::FeedEvent& event) {
  const auto parsed = parse_json(*event.json);
  if (!parsed) {
    return {};
  }
  using Describe = std::string (*)(const json::value&);
  static const std::map<std::string_view, Describe> by_name{
      {"incoming", incoming},
      {"ended", ended},
      {"webhook", webhook},
      {"step", step},
      {"live", [](const json::value&) { return std::string{"live"}; }},
      {"resumed", [](const json::value&) { return std::string{"taken up again"}; }},
      {"transcript", [](const json::value& data) {
         return fmt::format("{}: {}", text(data, "who"), text(data, "text"));
       }}};
  const auto found = by_name.find(event.name);
  const std::string said =
      found == by_name.end() ? service_event(event.name, *parsed) : found->second(*parsed);
  if (said.empty() || event.call_id.empty()) {
    return said;
  }
  return printable(event.call_id, max_line_bytes) + "  " + said;
}

std::string to_jsonl(const serve::FeedEvent& event) {
  json::object line{{"id", event.id}, {"event", event.name}};
  const auto parsed = parse_json(*event.json);
  if (parsed && parsed->is_object()) {
    for (const auto& [name, value] : parsed->as_object()) {
      line[name] = value;
    }
  }
  return json_text(line);
}

}  // namespace offhook::cli
