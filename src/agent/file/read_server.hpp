#pragma once

#include "agent/agent_file.hpp"
#include "agent/file/problems.hpp"
#include "agent/file/reader.hpp"

namespace offhook::agent::file {

// The parts of the file that are not about agents and tools. Functions that take `root` look at
// more than one section.
[[nodiscard]] ProviderSettings read_provider(const Reader& reader,
                                             const std::string& directory,
                                             Problems& problems);
[[nodiscard]] WebhookSettings read_webhook(const Reader& root,
                                           const std::string& directory,
                                           Problems& problems);
[[nodiscard]] Trunk read_trunk(const Reader& reader, Problems& problems);
[[nodiscard]] ControlSettings read_control(const Reader& root);
[[nodiscard]] KeepSettings read_keep(const Reader& reader);
[[nodiscard]] NumberSources read_numbers(const Reader& reader);
[[nodiscard]] std::vector<RouteRule> read_routing(const Reader& root, Problems& problems);
[[nodiscard]] AdmissionLimits read_limits(const Reader& reader);
[[nodiscard]] std::map<std::string, Price> read_prices(const Reader& root);

}  // namespace offhook::agent::file
