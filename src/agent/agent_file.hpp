#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "agent/admission.hpp"
#include "agent/file/environment.hpp"
#include "agent/outbound.hpp"
#include "agent/prices.hpp"
#include "agent/profile.hpp"
#include "agent/routing.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "openai/provider.hpp"

namespace offhook::agent {

/// Whose API the calls come from, and how to speak to it.
struct ProviderSettings {
  enum class Kind : std::uint8_t { openai, azure };
  Kind kind = Kind::openai;
  std::string api_base;  ///< "https://api.openai.com/v1"
  std::string sip_host;  ///< For people: where the trunk sends its calls.
  Secret api_key;
  openai::KeyHeader key_header = openai::KeyHeader::bearer;
  std::string ca_file;  ///< Empty: the system's authorities.
};

/// Makes what REST and sidebands need. @return an Error naming the CA file when it is unusable.
[[nodiscard]] Result<openai::Provider> make_provider(const ProviderSettings& settings);

/// The server that receives webhooks. Without secrets there is none: the file is only for calls of
/// our own.
struct WebhookSettings {
  std::vector<Secret> secrets;
  std::string listen;  ///< As net::parse_host_port reads it.
  std::string path;
  std::string cert;  ///< Empty: HTTP.
  std::string key;
};

/// The control API; an empty `listen` means there is none.
struct ControlSettings {
  std::string listen;
  Secret token;
};

/// What becomes of one kind of record.
struct Retention {
  bool recorded = true;
  std::chrono::seconds keep{0};  ///< 0: forever.
  friend bool operator==(const Retention&, const Retention&) = default;
};

struct KeepSettings {
  Retention calls;
  Retention transcripts;
  Retention events;
  Retention tools;
  friend bool operator==(const KeepSettings&, const KeepSettings&) = default;
};

/// An agent file (docs/agent-file.md), complete and checked. Paths in it are seen from the working
/// directory.
struct AgentFile {
  ProviderSettings provider;
  WebhookSettings webhook;
  ControlSettings control;
  Trunk trunk;  ///< For calls of our own; without `provider_url` there is none.
  std::string journal;
  KeepSettings keep;
  std::map<std::string, AgentProfile> agents;
  std::string tools_ca;  ///< For the TLS of http tools; empty: the system's authorities.
  NumberSources numbers;
  std::vector<RouteRule> routing;
  AdmissionLimits limits;
  std::map<std::string, Price> prices;  ///< By model.
};

/// Every problem as a line: "agent.yaml:12:5: agents.support.voice: …". None holds a secret.
using AgentFileProblems = std::vector<std::string>;

/// Reads an agent file from `path`, and the files that it names.
[[nodiscard]] tl::expected<AgentFile, AgentFileProblems> load_agent_file(
    const std::string& path, const Environment& environment);

/// The same from text.
/// @param name       For messages.
/// @param directory  That paths in the file are seen from; empty: the working directory.
[[nodiscard]] tl::expected<AgentFile, AgentFileProblems> parse_agent_file(
    std::string_view text,
    std::string_view name,
    const std::string& directory,
    const Environment& environment);

/// What is wrong with an address of the control API, for messages; empty: nothing.
[[nodiscard]] std::string wrong_control_address(std::string_view listen);

/// Tries out the files that the agent file names: authorities, certificate and key, sounds. One
/// text per problem; empty: all can be used.
[[nodiscard]] AgentFileProblems check_named_files(const AgentFile& agent_file);

}  // namespace offhook::agent
