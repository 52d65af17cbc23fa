#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace offhook::sip {

/// A "sip:user@host[:port];transport=tls" (or "sips:user@host") address taken apart.
struct SipTarget {
  std::string user;
  std::string host;           ///< Name or IP literal, without brackets; lower case.
  std::uint16_t port = 5061;  ///< RFC 3261 section 19.1.2: the default of TLS.
  std::string uri{};          ///< As it goes into a request: "sip:…;transport=tls".
};

/// @return `Errc::invalid_argument` when it is no SIP address that we can call: only TLS is spoken.
[[nodiscard]] Result<SipTarget> parse_sip_target(std::string_view text);

}  // namespace offhook::sip
