#pragma once

#include <functional>
#include <string>

#include "base/error.hpp"
#include "sip/endpoint.hpp"
#include "sip/libre.hpp"

namespace offhook::sip {

/// What the TLS connections of one client stack tell. libre reports every failed handshake as
/// EPROTO, and the end of a connection not at all to requests that were sent on it.
///
/// Must outlive the connections. SIP thread.
struct TlsWatch {
  std::string server_name;
  long verify_result = 0;           ///< X509_V_* of the last handshake; 0: no objection.
  std::string failure{};            ///< Why the last handshake failed, in OpenSSL's words.
  int connections = 0;              ///< Alive now, the handshake included.
  std::function<void()> on_lost{};  ///< A connection ended. Must not touch libre.
};

/// Verifies peers by `config.server_name` against `config.ca_file` or the system's anchors, and
/// sends the name as SNI. Both are settings of the context: libre offers neither for SIP, and every
/// connection of the stack inherits them.
///
/// @return `not_found` when the CA file does not exist; `invalid_argument` when it or the name
/// cannot
///         be used.
[[nodiscard]] Result<ReHandle<tls>> make_client_tls(const TlsClientConfig& config, TlsWatch& watch);

/// @return `invalid_argument` when the certificate or its key cannot be used.
[[nodiscard]] Result<ReHandle<tls>> make_server_tls(const std::string& cert_file);

/// The error of a handshake with `peer` that failed: `authentication_failed` when the certificate
/// was not accepted, else `unreachable`.
[[nodiscard]] Error tls_error(const TlsWatch& watch, const std::string& peer);

}  // namespace offhook::sip
