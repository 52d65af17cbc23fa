#pragma once

#include <memory>
#include <string>

#include "base/error.hpp"

namespace boost::asio::ssl {
class context;
}

namespace offhook::net {

/// A set of TLS settings that connections share. TLS 1.2 or newer, always.
using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

/// For connections that we open. The server's certificate is verified against the system's trust
/// anchors, or against `ca_file` alone when one is given, and by name (SNI is sent). There is no
/// way to switch verification off.
///
/// @return `Errc::not_found` or `Errc::invalid_argument` when `ca_file` cannot be used.
[[nodiscard]] Result<TlsContext> make_client_tls(const std::string& ca_file = {});

/// For connections that we accept.
///
/// @param cert_file  PEM chain, leaf first.
/// @param key_file   PEM private key; may be the same file.
[[nodiscard]] Result<TlsContext> make_server_tls(const std::string& cert_file,
                                                 const std::string& key_file);

}  // namespace offhook::net
