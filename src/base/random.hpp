#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace offhook {

/// Fills `bytes` from the operating system's cryptographic generator. Any thread. Ends the process
/// when the generator is unavailable, because nothing can be keyed safely without it.
void random_bytes(std::span<std::uint8_t> bytes);

[[nodiscard]] std::uint32_t random_u32();

/// `length` lower-case hexadecimal digits.
[[nodiscard]] std::string random_hex(std::size_t length);

/// `length` characters of 0-9 A-Z a-z, as in OpenAI's `event_`, `item_` and `resp_` ids.
[[nodiscard]] std::string random_base62(std::size_t length);

}  // namespace offhook
