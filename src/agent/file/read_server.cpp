#include "agent/file/read_server.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "agent/file/read_agent.hpp"
#include "net/url.hpp"
#include "openai/webhook.hpp"

namespace offhook::agent::file {
namespace {

using std::chrono::seconds;

seconds whole_seconds(const Reader& reader, std::string_view field) {
  return std::chrono::ceil<seconds>(reader.duration(field));
}

Retention read_retention(const Reader& reader, std::string_view field) {
  return {reader.text(field) != "off", whole_seconds(reader, field)};
}

Quota read_quota(const Reader& reader) {
  return {reader.integer("calls"),
          static_cast<std::uint64_t>(whole_seconds(reader, "seconds").count()),
          reader.integer("tokens")};
}

void locate_openai(const Reader& reader, ProviderSettings& provider, Problems& problems) {
  if (reader.has("resource")) {
    problems.add(reader.mark("resource"), reader.path("resource"), "is only for kind: azure");
  }
  const auto region = openai::region(reader.text("region"));
  if (region) {
    provider.api_base = region->api_base;
    provider.sip_host = region->sip_host;
  }
}

void locate_azure(const Reader& reader, ProviderSettings& provider, Problems& problems) {
  if (reader.has("region")) {
    problems.add(reader.mark("region"), reader.path("region"),
                 "is only for kind: openai; name the resource, and sip_host");
  }
  if (!reader.has("resource")) {
    if (!reader.has("base_url")) {
      problems.add(reader.mark(), reader.path(),
                   "resource is missing: NAME of https://NAME.openai.azure.com");
    }
    return;
  }
  const std::string resource = reader.text("resource");
  const bool is_label = !resource.empty() && resource.size() <= 63 &&
                        std::all_of(resource.begin(), resource.end(), [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '-';
                        });
  if (!is_label) {
    problems.add(reader.mark("resource"), reader.path("resource"),
                 "must be the NAME of https://NAME.openai.azure.com alone; for other hosts use "
                 "base_url");
  }
  provider.api_base = "https://" + resource + ".openai.azure.com/openai/v1";
}

RouteRule read_rule(const Reader& reader, Problems& problems) {
  RouteRule rule;
  rule.called = reader.texts("called");
  rule.caller = reader.texts("caller");
  rule.headers = reader.text_map("headers");
  rule.agent = reader.text("agent");
  rule.reject_code = static_cast<int>(reader.integer("reject"));
  if (reader.has("agent") == reader.has("reject")) {
    problems.add(reader.mark(), reader.path(), "needs either agent or reject");
  }
  return rule;
}

/// Without rules the only agent takes every call.
std::vector<RouteRule> sole_rule(const Reader& root, Problems& problems) {
  const auto agents = root.map("agents");
  RouteRule rule;
  if (agents.size() == 1) {
    rule.agent = agents.front().first;
  } else if (agents.size() > 1) {
    problems.add(root.mark("agents"), "routing",
                 "is missing: with more than one agent, rules must say which takes a call");
  }
  return {rule};
}

}  // namespace

ProviderSettings read_provider(const Reader& reader,
                               const std::string& directory,
                               Problems& problems) {
  ProviderSettings provider;
  const bool azure = reader.text("kind") == "azure";
  provider.kind = azure ? ProviderSettings::Kind::azure : ProviderSettings::Kind::openai;
  if (azure) {
    locate_azure(reader, provider, problems);
  } else {
    locate_openai(reader, provider, problems);
  }
  if (reader.has("base_url")) {
    provider.api_base = reader.text("base_url");
    while (provider.api_base.ends_with('/')) {
      provider.api_base.pop_back();
    }
  }
  if (reader.has("sip_host")) {
    provider.sip_host = reader.text("sip_host");
  }
  provider.api_key = reader.secret("api_key");
  const std::string auth = reader.has("auth") ? reader.text("auth") : azure ? "api-key" : "bearer";
  provider.key_header = auth == "api-key" ? openai::KeyHeader::api_key : openai::KeyHeader::bearer;
  provider.ca_file = seen_from(directory, reader.text("ca"));
  return provider;
}

WebhookSettings read_webhook(const Reader& root, const std::string& directory, Problems& problems) {
  if (!root.has("webhook") && !root.has("trunk")) {
    problems.add(root.mark(), {}, "webhook is missing; only a file with a trunk can do without");
  }
  const Reader reader = root.section("webhook");
  WebhookSettings webhook;
  webhook.secrets = reader.secrets("secrets");
  for (const Secret& secret : webhook.secrets) {
    const auto usable = openai::check_webhook_secret(secret);
    if (!usable && !secret.empty()) {
      problems.add(reader.mark("secrets"), reader.path("secrets"), usable.error().detail);
    }
  }
  webhook.listen = reader.text("listen");
  webhook.path = reader.text("path");
  webhook.cert = seen_from(directory, reader.text("cert"));
  webhook.key = seen_from(directory, reader.text("key"));
  if (webhook.cert.empty() != webhook.key.empty()) {
    problems.add(reader.mark(), reader.path(), "cert and key belong together");
  }
  return webhook;
}

// What the API takes (docs/openai-behaviour.md).
constexpr std::size_t longest_trunk_username = 256;
constexpr std::size_t longest_trunk_password = 4'096;

Trunk read_trunk(const Reader& reader, Problems& problems) {
  if (reader.has("username") != reader.has("password")) {
    problems.add(reader.mark(), reader.path(), "username and password belong together");
  }
  Trunk trunk{reader.text("provider_url"), reader.text("username"), reader.secret("password"),
              reader.text("caller_number")};
  if (trunk.username.size() > longest_trunk_username) {
    problems.add(reader.mark("username"), reader.path("username"), "must have 256 bytes at most");
  }
  if (trunk.password.reveal().size() > longest_trunk_password) {
    problems.add(reader.mark("password"), reader.path("password"), "must have 4096 bytes at most");
  }
  return trunk;
}

ControlSettings read_control(const Reader& root) {
  if (!root.has("control")) {
    return {};
  }
  const Reader reader = root.section("control");
  return {reader.text("listen"), reader.secret("token")};
}

KeepSettings read_keep(const Reader& reader) {
  return {read_retention(reader, "calls"), read_retention(reader, "transcripts"),
          read_retention(reader, "events"), read_retention(reader, "tools")};
}

NumberSources read_numbers(const Reader& reader) {
  return {reader.texts("called"), reader.texts("caller")};
}

std::vector<RouteRule> read_routing(const Reader& root, Problems& problems) {
  if (!root.has("routing")) {
    return sole_rule(root, problems);
  }
  std::vector<std::string> names;
  for (const auto& [name, agent] : root.map("agents")) {
    names.push_back(name);
  }
  std::vector<RouteRule> rules;
  for (const Reader& reader : root.list("routing")) {
    rules.push_back(read_rule(reader, problems));
    const std::string& agent = rules.back().agent;
    if (!agent.empty() && std::find(names.begin(), names.end(), agent) == names.end()) {
      problems.add(reader.mark("agent"), reader.path("agent"),
                   fmt::format("\"{}\" is no agent of this file{}", agent,
                               suggestion(agent, {names.begin(), names.end()})));
    }
  }
  return rules;
}

AdmissionLimits read_limits(const Reader& reader) {
  AdmissionLimits limits;
  limits.concurrent_calls = reader.integer("concurrent_calls");
  limits.concurrent_calls_of_caller = reader.section("caller").integer("concurrent_calls");
  limits.caller_day = read_quota(reader.section("caller"));
  limits.day = read_quota(reader.section("day"));
  limits.reject_code = static_cast<int>(reader.integer("reject"));
  return limits;
}

std::map<std::string, Price> read_prices(const Reader& root) {
  std::map<std::string, Price> prices;
  for (const auto& [model, reader] : root.map("prices")) {
    prices[model] = {reader.number("input_text"),   reader.number("input_audio"),
                     reader.number("cached_input"), reader.number("output_text"),
                     reader.number("output_audio"), reader.number("minute")};
  }
  return prices;
}

}  // namespace offhook::agent::file
