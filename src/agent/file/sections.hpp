#pragma once

#include "agent/file/fields.hpp"

namespace offhook::agent::file {

// Parts of the file that have a source file of their own, fields_*.cpp.
[[nodiscard]] const Section& agent_section() noexcept;
[[nodiscard]] const Section& limits_section() noexcept;
[[nodiscard]] const Section& tool_section() noexcept;
[[nodiscard]] const Section& mcp_section() noexcept;

// What is wrong with a text, or nothing.
[[nodiscard]] std::string check_http_url(std::string_view text);
[[nodiscard]] std::string check_listen(std::string_view text);
[[nodiscard]] std::string check_control_listen(std::string_view text);
[[nodiscard]] std::string check_language(std::string_view text);
[[nodiscard]] std::string check_transfer_target(std::string_view text);
[[nodiscard]] std::string check_path(std::string_view text);
[[nodiscard]] std::string check_keypad_terminator(std::string_view text);
[[nodiscard]] std::string check_header_name(std::string_view text);

}  // namespace offhook::agent::file
