#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace offhook::net {

/// An http, https, ws or wss address taken apart.
struct Url {
  std::string scheme;      ///< Lower case.
  std::string host;        ///< Name or IP literal, without brackets.
  std::uint16_t port = 0;  ///< As written, else the scheme's own (80 or 443).
  std::string target;      ///< Path and query as they go into the request line; at least "/".

  [[nodiscard]] bool tls() const { return scheme == "https" || scheme == "wss"; }
  /// `Host` header: the port is left out when it is the scheme's own, IPv6 goes in brackets.
  [[nodiscard]] std::string authority() const;
};

/// @return `Errc::invalid_argument` for another scheme, no host, a bad port, or user information.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

/// RFC 3986 percent-encoding of one path segment or query value: only unreserved characters stay.
[[nodiscard]] std::string percent_encode(std::string_view text);
/// @return the text with %XX resolved; malformed escapes are kept as they are.
[[nodiscard]] std::string percent_decode(std::string_view text);

/// 127.0.0.0/8, ::1 or localhost: an address that only this machine reaches.
[[nodiscard]] bool is_loopback(std::string_view host) noexcept;

/// A listening address as typed by a user: "127.0.0.1:8443", "[::1]:0", ":8443" (loopback).
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text);

}  // namespace offhook::net
