#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sip/sdp.hpp"
#include "sip/sdp_text.hpp"

namespace offhook::sip {

/// Fresh keys, one line per suite that we have, best first.
[[nodiscard]] std::vector<SdpCrypto> make_crypto_offer();

/// A fresh key for the suite and tag of `chosen`.
[[nodiscard]] SdpCrypto make_crypto_answer(const SdpCrypto& chosen);

/// The value of an a=crypto line (RFC 4568 section 9).
///
/// @return nothing when it cannot be used: another suite, a master key identifier, several keys, a
///         session parameter that would change how packets are protected.
[[nodiscard]] std::optional<SdpCrypto> parse_crypto(std::string_view value);

/// Every usable a=crypto line of `stream`, in its order.
[[nodiscard]] std::vector<SdpCrypto> cryptos_of(const SdpStream& stream);

/// "1 AES_CM_128_HMAC_SHA1_80 inline:…"
[[nodiscard]] std::string to_text(const SdpCrypto& crypto);

}  // namespace offhook::sip
