#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "sim/api_error.hpp"
#include "sim/live_config.hpp"
#include "sip/endpoint.hpp"

namespace offhook::sim {

/// Whom a session is to call, and by whose lines.
struct TrunkCall {
  std::string host;  ///< Of the provider: name or IP literal, without brackets.
  std::uint16_t port = 5061;
  std::string destination;  ///< "+E164"
  std::string caller;       ///< "+E164"
  std::optional<sip::SipCredentials> credentials{};

  /// The Request-URI.
  [[nodiscard]] std::string target() const;
};

/// The body of a POST /v1/live/sessions that calls somebody (docs/openai-behaviour.md 10).
struct OutboundRequest {
  LiveConfig session;
  TrunkCall trunk;
};

/// @param local_allowed  Providers on this machine and in private networks will do, too.
/// @return 400 naming the field that is wrong.
[[nodiscard]] ApiResult<OutboundRequest> parse_outbound(const boost::json::value& body,
                                                        bool local_allowed);

/// Whether a host is one that only a machine near by can reach: localhost, names without a dot or
/// in .local, .localhost, .internal or .home.arpa, private, link-local and loopback addresses.
[[nodiscard]] bool is_local_host(std::string_view host);

}  // namespace offhook::sim
