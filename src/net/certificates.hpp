#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace offhook::net {

/// What a private certificate is to be good for.
struct CertificateRequest {
  std::vector<std::string> names;  ///< DNS names.
  std::vector<std::string> ips;    ///< IP addresses as text.
  /// From now; negative values make certificates that are already over, for tests.
  std::chrono::hours lifetime = std::chrono::days{825};
};

struct CertificateFiles {
  std::string ca_file;      ///< Trust anchor to hand to clients (PEM).
  std::string server_file;  ///< Certificate and private key in one file (PEM, mode 0600).
};

/// Makes a private CA and a server certificate (ECDSA P-256) as `ca.pem` and `server.pem` in `dir`,
/// which is created when missing.
///
/// Files that are there already are kept when they fit: both belong together, cover every name and
/// address, and have more than a day left. The CA's key is thrown away once it has signed, so
/// nobody who finds the files can make certificates that its users would trust.
///
/// @return `Errc::invalid_argument` when an address is malformed, the files cannot be written, or a
///         `server.pem` of other origin is in the way.
[[nodiscard]] Result<CertificateFiles> make_certificates(const std::filesystem::path& dir,
                                                         const CertificateRequest& request);

}  // namespace offhook::net
