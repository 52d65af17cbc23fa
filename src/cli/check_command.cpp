#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agent/agent_file.hpp"
#include "agent/file/published.hpp"
#include "base/json_text.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/print.hpp"
#include "cli/settings.hpp"

namespace offhook::cli {
namespace {

struct CheckArguments {
  std::string file;
  bool schema = false;
  bool fields = false;
};

constexpr const char* check_footer =
    R"(Reads the file as `offhook serve` would, with everything that it names, and prints all problems.
Nothing is called. Every field is described in docs/agent-file.md.

Examples:
  offhook check agent.yaml
  offhook check --schema > agent.schema.json)";

std::string describe(const agent::AgentProfile& profile) {
  std::vector<std::string> tools;
  for (const agent::ToolConfig& tool : profile.tools) {
    tools.push_back(tool.name);
  }
  std::string text =
      fmt::format("{}, {}", profile.api == agent::Api::live ? "live" : "realtime", profile.model);
  if (!profile.voice.empty()) {
    text += ", voice " + profile.voice;
  }
  if (!tools.empty()) {
    text += fmt::format(", tools {}", fmt::join(tools, " "));
  }
  if (!profile.mcp_servers.empty()) {
    text += fmt::format(", {} MCP server{}", profile.mcp_servers.size(),
                        profile.mcp_servers.size() == 1 ? "" : "s");
  }
  return text;
}

std::string patterns(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& pattern : all) {
    text += (text.empty() ? "" : " or ") + (pattern.empty() ? "unknown" : pattern);
  }
  return text;
}

std::string describe(const agent::RouteRule& rule) {
  std::vector<std::string> conditions;
  if (!rule.called.empty()) {
    conditions.push_back(fmt::format("called {}", patterns(rule.called)));
  }
  if (!rule.caller.empty()) {
    conditions.push_back(fmt::format("caller {}", patterns(rule.caller)));
  }
  for (const auto& [name, pattern] : rule.headers) {
    conditions.push_back(fmt::format("{}: {}", name, pattern));
  }
  if (conditions.empty()) {
    conditions.emplace_back("any call");
  }
  return fmt::format(
      "{} -> {}", fmt::join(conditions, ", "),
      rule.reject_code == 0 ? rule.agent : fmt::format("rejected with {}", rule.reject_code));
}

void print_summary(const std::string& path, const agent::AgentFile& file) {
  std::string text = fmt::format("{}: ok\n", path);
  const auto line = [&](std::string_view name, std::string_view what) {
    text += fmt::format("  {:<10} {}\n", name, what);
  };
  line("provider", file.provider.api_base);
  if (!file.provider.sip_host.empty()) {
    line("", "calls come in at " + file.provider.sip_host);
  }
  line("webhook", fmt::format("{} {}{}, {} secret{}", file.webhook.cert.empty() ? "http" : "https",
                              file.webhook.listen, file.webhook.path, file.webhook.secrets.size(),
                              file.webhook.secrets.size() == 1 ? "" : "s"));
  line("control",
       file.control.listen.empty() ? "as `offhook serve --control` says" : file.control.listen);
  line("journal", file.journal);
  for (const auto& [name, profile] : file.agents) {
    line("agent", fmt::format("{}: {}", name, describe(profile)));
  }
  for (const agent::RouteRule& rule : file.routing) {
    line("route", describe(rule));
  }
  print(stdout, text);
}

int run_check(const CheckArguments& arguments) {
  if (arguments.schema) {
    print(stdout, json_text(agent::file::published_schema(), 2) + "\n");
  }
  if (arguments.fields) {
    print(stdout, agent::file::published_table());
  }
  if (arguments.file.empty()) {
    if (!arguments.schema && !arguments.fields) {
      print(stderr, "offhook: check needs a file: offhook check agent.yaml\n");
      return exit_usage;
    }
    return exit_ok;
  }
  const auto file = agent::load_agent_file(arguments.file, process_environment());
  std::vector<std::string> problems;
  if (!file) {
    problems = file.error();
  } else {
    for (const std::string& problem : agent::check_named_files(*file)) {
      problems.push_back(arguments.file + ": " + problem);
    }
  }
  if (!problems.empty()) {
    print(stderr, fmt::format("{}\n", fmt::join(problems, "\n")));
    return exit_usage;
  }
  print_summary(arguments.file, *file);
  return exit_ok;
}

}  // namespace

void add_check_command(CLI::App& app, Command& chosen) {
  CLI::App* check = app.add_subcommand("check", "Check an agent file");
  check->footer(check_footer);
  const auto arguments = std::make_shared<CheckArguments>();
  check->add_option("file", arguments->file, "The agent file (YAML)");
  check->add_flag("--schema", arguments->schema, "Print the JSON Schema of agent files");
  check->add_flag("--fields", arguments->fields, "Print the table of all fields");
  check->callback([arguments, &chosen] { chosen = [arguments] { return run_check(*arguments); }; });
}

}  // namespace offhook::cli
