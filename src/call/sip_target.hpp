#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace offhook::call {

/// A "sip:user@host[:port];transport=tls" address taken apart.
struct SipTarget {
  std::string user;
  std::string host;           ///< Name or IP literal, without brackets.
  std::uint16_t port = 5061;  ///< RFC 3261 section 19.1.2: the default of TLS.
};

/// @return `Errc::invalid_argument` when it is no SIP address that we can call: only TLS is spoken.
[[nodiscard]] Result<SipTarget> parse_sip_target(std::string_view text);

}  // namespace offhook::call
