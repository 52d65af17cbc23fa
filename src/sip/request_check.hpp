#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sip/libre.hpp"

namespace offhook::sip {

/// What a request gets instead of being looked at further.
struct Refusal {
  std::uint16_t status = 400;  ///< 0: nothing at all, because nobody could be answered.
  std::string reason{};        ///< Phrase of the status line.
  std::string headers{};       ///< Lines that the answer needs, each with its end.
};

/// Looks at what libre leaves to its user in a request that it could read: the fields that must be
/// there once, their values, the Request-URI, extensions and body (RFC 3261 section 8.2). SIP
/// thread.
///
/// A datagram's bytes after its Content-Length are cut off (RFC 3261 section 18.3).
[[nodiscard]] std::optional<Refusal> check_request(const sip_msg& message);

}  // namespace offhook::sip
