#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/settings.hpp"

namespace offhook::cli {

/// `offhook call --agent FILE`: an agent of an agent file takes the call, with the
/// provider and the webhook of that file.
/// @param name   Which agent; empty: the only one.
/// @param given  Names of the options that stood on the command line: they win.
[[nodiscard]] Result<> load_call_agent(const std::string& path,
                                       const std::string& name,
                                       const std::vector<std::string>& given,
                                       CallSettings& settings);

}  // namespace offhook::cli
