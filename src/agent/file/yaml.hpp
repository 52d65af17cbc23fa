#pragma once

#include <optional>
#include <string_view>

#include "agent/file/node.hpp"
#include "agent/file/problems.hpp"

namespace offhook::agent::file {

/// Reads one YAML document. Anchors are followed; a file that unfolds to more than 50,000 pieces
/// or 50 levels is refused.
/// @return nothing when it is no YAML; `problems` says where.
[[nodiscard]] std::optional<Node> read_yaml(std::string_view text, Problems& problems);

}  // namespace offhook::agent::file
