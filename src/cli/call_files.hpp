#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/jsonl_file.hpp"
#include "call/control_leg.hpp"

namespace offhook::cli {

/// Creates a file that an option asks for. @return nothing for an empty path; an Error that names
/// the option.
[[nodiscard]] Result<std::optional<JsonlFile>> open_call_file(const std::string& path,
                                                              std::string_view option);

/// What writes `--events`. @param file  Must outlive it; without one nothing is written.
[[nodiscard]] call::ControlLeg::OnSidebandEvent event_writer(std::optional<JsonlFile>& file);

}  // namespace offhook::cli
