#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace offhook::sip {

/// Where a request came from, as the answer's topmost Via tells (RFC 3261 18.2.1, RFC 3581).
struct PacketSource {
  std::string host;
  std::uint16_t port = 0;
};

/// The answer to a datagram that the SIP stack cannot read as a message: 505 for another version,
/// 416 for a Request-URI that is none of sip and sips, else 400.
///
/// @return nothing where silence is right: it is no request, an ACK, or says nowhere in a Via where
///         answers go.
[[nodiscard]] std::optional<std::string> refuse_unreadable(std::string_view packet,
                                                           const PacketSource& source);

/// "sip" of "sip:a@b", empty when `uri` does not begin with a scheme (RFC 3261 section 25.1).
[[nodiscard]] std::string_view scheme_of(std::string_view uri) noexcept;

/// Whether every quoted string of a header's value ends (RFC 3261 section 25.1).
[[nodiscard]] bool quotes_are_closed(std::string_view value) noexcept;

}  // namespace offhook::sip
