#include <chrono>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/json_text.hpp"
#include "cli/call_list.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/print.hpp"
#include "store/journal_reader.hpp"

namespace offhook::cli {
namespace {

struct CallsArguments {
  std::string call_id;
  std::string journal = "offhook.db";
  std::string since;
  store::CallFilter filter;
  bool json = false;
};

constexpr const char* calls_footer =
    R"(ID may be the beginning of one. The journal can be read while an agent writes it.
Costs are estimates, from the prices in the agent file.

Examples:
  offhook calls --live
  offhook calls --since 24h --limit 500 --json
  offhook calls rtc_u3)";

int refuse(const Error& error) {
  fmt::print(stderr, "offhook: {}\n", error.detail);
  return error.code == Errc::internal ? exit_internal_error : exit_usage;
}

int show_call(store::JournalReader& reader, const CallsArguments& arguments) {
  const auto story = reader.call(arguments.call_id);
  if (!story) {
    return refuse(story.error());
  }
  print(stdout, arguments.json ? json_text(to_json(*story), 2) + "\n" : to_text(*story));
  return exit_ok;
}

int list_calls(store::JournalReader& reader, const CallsArguments& arguments) {
  const auto calls = reader.calls(arguments.filter);
  if (!calls) {
    return refuse(calls.error());
  }
  if (!arguments.json) {
    print(stdout, to_text(*calls));
    return exit_ok;
  }
  for (const store::Call& call : *calls) {
    print(stdout, json_text(to_json(call)) + "\n");
  }
  return exit_ok;
}

int run_calls(CallsArguments arguments) {
  if (!arguments.since.empty()) {
    const auto since = parse_since(arguments.since, std::chrono::system_clock::now());
    if (!since) {
      return refuse(since.error());
    }
    arguments.filter.since_ms = *since;
  }
  auto reader = store::JournalReader::open(arguments.journal);
  if (!reader) {
    return refuse(reader.error());
  }
  return arguments.call_id.empty() ? list_calls(*reader, arguments) : show_call(*reader, arguments);
}

}  // namespace

void add_calls_command(CLI::App& app, Command& chosen) {
  CLI::App* calls = app.add_subcommand("calls", "List the calls of an agent, or show one");
  calls->footer(calls_footer);
  const auto arguments = std::make_shared<CallsArguments>();
  calls->add_option("id", arguments->call_id, "Show this call: what was said and done");
  calls->add_option("--journal", arguments->journal, "The agent's journal (default: offhook.db)")
      ->envname("OFFHOOK_JOURNAL");
  calls->add_flag("--live", arguments->filter.live_only, "Only calls that are not over");
  calls->add_option("--since", arguments->since,
                    "Only calls that began since: 90s, 15m, 24h, 7d, or 2030-12-31 (UTC)");
  calls->add_option("--limit", arguments->filter.limit, "At most so many, the latest (default: 50)")
      ->check(CLI::Range(1, 1'000'000));
  calls->add_option("--agent", arguments->filter.agent, "Only this agent's");
  calls->add_option("--caller", arguments->filter.caller, "Only from this number");
  calls->add_option("--direction", arguments->filter.direction, "Only inbound or outbound ones")
      ->check(CLI::IsMember({"inbound", "outbound"}));
  calls->add_flag("--json", arguments->json, "A JSON object per call; with ID one with everything");
  calls->callback([arguments, &chosen] { chosen = [arguments] { return run_calls(*arguments); }; });
}

}  // namespace offhook::cli
