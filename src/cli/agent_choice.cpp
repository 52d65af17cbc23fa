#include "cli/agent_choice.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/print.hpp"
#include "cli/settings.hpp"
#include "net/tls.hpp"

namespace offhook::cli {
namespace {

std::string_view name_of(agent::Api api) { return api == agent::Api::live ? "live" : "realtime"; }

}  // namespace

Result<agent::AgentFile> read_agent_file(const std::string& path) {
  auto file = agent::load_agent_file(path, process_environment());
  if (!file) {
    return fail(Errc::invalid_argument, fmt::format("{}", fmt::join(file.error(), "\noffhook: ")));
  }
  return std::move(*file);
}

Result<agent::ToolFactoryOptions> read_tools(const agent::AgentFile& file) {
  auto tls = net::make_client_tls(file.tools_ca);
  if (!tls) {
    return fail(std::move(tls).error().with("tools_ca"));
  }
  agent::ToolFactoryOptions tools;
  tools.tls = std::move(*tls);
  tools.log = [](std::string_view tool, std::string_view standard_error) {
    print(stderr, fmt::format("offhook: tool {}: {}\n", tool, standard_error));
  };
  return tools;
}

Result<agent::AgentProfile> choose_agent(const agent::AgentFile& file,
                                         agent::Api api,
                                         const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [known, profile] : file.agents) {
    if (profile.api == api) {
      names.push_back(known);
    }
  }
  const std::string wanted = name.empty() && names.size() == 1 ? names.front() : name;
  const auto found = file.agents.find(wanted);
  if (found != file.agents.end() && found->second.api == api) {
    return found->second;
  }
  const std::string there_are = names.empty()
                                    ? fmt::format("the file has none with api: {}", name_of(api))
                                    : fmt::format("there are: {}", fmt::join(names, ", "));
  if (found != file.agents.end()) {
    return fail(Errc::invalid_argument, fmt::format("--as {}: is not an agent with api: {}; {}",
                                                    wanted, name_of(api), there_are));
  }
  return fail(Errc::invalid_argument,
              wanted.empty() ? fmt::format("no agent can be chosen (--as NAME); {}", there_are)
                             : fmt::format("--as {}: is no agent; {}", wanted, there_are));
}

Result<agent::AgentProfile> choose_agent(const agent::AgentFile& file, const std::string& name) {
  const auto named = file.agents.find(name);
  if (named != file.agents.end()) {
    return named->second;
  }
  const bool realtime = std::ranges::any_of(
      file.agents, [](const auto& one) { return one.second.api == agent::Api::realtime; });
  return choose_agent(file, realtime ? agent::Api::realtime : agent::Api::live, name);
}

}  // namespace offhook::cli
