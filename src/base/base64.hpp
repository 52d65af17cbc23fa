#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace offhook {

/// RFC 4648 section 4, with padding.
[[nodiscard]] std::string base64_encode(std::span<const std::uint8_t> bytes);

/// @return nothing when `text` is not padded base64 of the standard alphabet, without line breaks.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> base64_decode(std::string_view text);

}  // namespace offhook
