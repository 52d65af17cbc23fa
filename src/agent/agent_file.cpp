#include "agent/agent_file.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "agent/file/check.hpp"
#include "agent/file/fields.hpp"
#include "agent/file/read_agent.hpp"
#include "agent/file/read_server.hpp"
#include "agent/file/sections.hpp"
#include "agent/file/yaml.hpp"
#include "net/tls.hpp"

namespace offhook::agent {
namespace {

using file::Problems;
using file::Reader;

file::Catalogue read_catalogue(const Reader& root,
                               const std::string& directory,
                               Problems& problems) {
  file::Catalogue catalogue;
  catalogue.directory = directory;
  catalogue.azure = root.section("provider").text("kind") == "azure";
  catalogue.call_limits = file::read_call_limits(root.section("limits").section("call"), {});
  for (const auto& [name, tool] : root.map("tools")) {
    catalogue.tools.emplace(name, file::read_tool(name, tool, problems));
  }
  for (const auto& [name, server] : root.map("mcp")) {
    catalogue.mcp_servers.emplace(name, file::read_mcp_server(name, server, problems));
  }
  return catalogue;
}

AgentFile read_file(const Reader& root, const std::string& directory, Problems& problems) {
  AgentFile agent_file;
  const file::Catalogue catalogue = read_catalogue(root, directory, problems);
  for (const auto& [name, agent] : root.map("agents")) {
    agent_file.agents.emplace(name, file::read_agent(name, agent, catalogue, problems));
  }
  agent_file.provider = file::read_provider(root.section("provider"), directory, problems);
  agent_file.webhook = file::read_webhook(root, directory, problems);
  agent_file.trunk = file::read_trunk(root.section("trunk"), problems);
  agent_file.control = file::read_control(root);
  agent_file.journal = file::seen_from(directory, root.text("journal"));
  agent_file.keep = file::read_keep(root.section("keep"));
  agent_file.tools_ca = file::seen_from(directory, root.text("tools_ca"));
  agent_file.numbers = file::read_numbers(root.section("numbers"));
  agent_file.routing = file::read_routing(root, problems);
  agent_file.limits = file::read_limits(root.section("limits"));
  agent_file.prices = file::read_prices(root);
  return agent_file;
}

}  // namespace

Result<openai::Provider> make_provider(const ProviderSettings& settings) {
  auto tls = net::make_client_tls(settings.ca_file);
  if (!tls) {
    return fail(std::move(tls).error().with("provider.ca"));
  }
  return openai::Provider{.api_base = settings.api_base,
                          .api_key = settings.api_key,
                          .tls = std::move(*tls),
                          .key_header = settings.key_header};
}

AgentFileProblems check_named_files(const AgentFile& agent_file) {
  AgentFileProblems problems;
  const auto note = [&](std::string_view field, const auto& result) {
    if (!result) {
      problems.push_back(fmt::format("{}: {}", field, result.error().detail));
    }
  };
  note("provider.ca", net::make_client_tls(agent_file.provider.ca_file));
  note("tools_ca", net::make_client_tls(agent_file.tools_ca));
  if (!agent_file.webhook.cert.empty()) {
    note("webhook.cert", net::make_server_tls(agent_file.webhook.cert, agent_file.webhook.key));
  }
  for (const auto& [name, agent] : agent_file.agents) {
    std::error_code failure;
    if (!agent.hold_sound.empty() && !std::filesystem::is_regular_file(agent.hold_sound, failure)) {
      problems.push_back(fmt::format("agents.{}.hold_sound: {} is no file that can be read", name,
                                     agent.hold_sound));
    }
  }
  return problems;
}

std::string wrong_control_address(std::string_view listen) {
  return file::check_control_listen(listen);
}

tl::expected<AgentFile, AgentFileProblems> parse_agent_file(std::string_view text,
                                                            std::string_view name,
                                                            const std::string& directory,
                                                            const Environment& environment) {
  Problems problems;
  auto root = file::read_yaml(text, problems);
  if (!root) {
    return tl::unexpected{problems.lines(name)};
  }
  file::expand_environment(*root, environment, problems);
  file::check_section(*root, file::root_section(), {}, problems);
  const Reader reader{&*root, file::root_section(), {}};
  AgentFile agent_file = read_file(reader, directory, problems);
  if (!problems.empty()) {
    return tl::unexpected{problems.lines(name)};
  }
  return agent_file;
}

tl::expected<AgentFile, AgentFileProblems> load_agent_file(const std::string& path,
                                                           const Environment& environment) {
  constexpr std::size_t max_bytes = 4U << 20U;
  std::error_code failure;
  if (!std::filesystem::is_regular_file(path, failure)) {
    return tl::unexpected{
        AgentFileProblems{path + ": " + (failure ? failure.message() : "is no regular file")}};
  }
  if (std::filesystem::file_size(path, failure) > max_bytes) {
    return tl::unexpected{AgentFileProblems{path + ": is longer than 4 MiB"}};
  }
  std::ifstream stream{path, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{stream}, {}};
  if (stream.bad() || !stream.is_open()) {
    return tl::unexpected{AgentFileProblems{path + ": cannot be read"}};
  }
  return parse_agent_file(text, path, std::filesystem::path{path}.parent_path().string(),
                          environment);
}

}  // namespace offhook::agent
