#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace offhook::media {

/// Crypto suites of RFC 4568 section 6.2 that we offer and accept.
enum class SrtpSuite : std::uint8_t { aes_cm_128_hmac_sha1_80, aes_cm_128_hmac_sha1_32 };

/// Name in a=crypto.
[[nodiscard]] constexpr std::string_view to_string(SrtpSuite suite) noexcept {
  return suite == SrtpSuite::aes_cm_128_hmac_sha1_80 ? "AES_CM_128_HMAC_SHA1_80"
                                                     : "AES_CM_128_HMAC_SHA1_32";
}

/// Master key and salt (RFC 3711), as they stand behind "inline:".
using SrtpMaster = std::array<std::uint8_t, 30>;

/// Both directions of one negotiated stream. Never logged, never stored.
struct SrtpKeys {
  SrtpSuite suite = SrtpSuite::aes_cm_128_hmac_sha1_80;
  SrtpMaster local{};   ///< Protects what we send.
  SrtpMaster remote{};  ///< Protects what we receive.
};

}  // namespace offhook::media
