#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/profile.hpp"

namespace offhook::agent {

/// The tools that a conversation performs itself. Their arguments:
///
/// | kind        | arguments                                                            |
/// |-------------|----------------------------------------------------------------------|
/// | hang_up     | `reason` (optional): why, for the journal                            |
/// | transfer    | `target`: one of `transfer_targets`, or any tel: or sip: URI         |
/// | send_digits | `digits`: 0-9, *, #, A-D, and `,` for a pause; at most 32 (Live only) |
[[nodiscard]] bool is_built_in(ToolConfig::Kind kind) noexcept;

/// Fills in name, description and parameters of a built-in tool, as far as they are empty.
void complete_built_in(ToolConfig& tool);

/// A built-in tool that an agent may name without declaring it: hang_up and send_digits. (A
/// transfer needs its targets.)
[[nodiscard]] std::optional<ToolConfig> undeclared_built_in(std::string_view name);

}  // namespace offhook::agent
