#pragma once

#include <optional>
#include <span>
#include <string>

#include "sip/sdp.hpp"
#include "sip/sdp_text.hpp"

namespace offhook::sip {

/// @return the profile of an m= line that we speak, feedback variants included; `unsupported` for
///         DTLS-SRTP and everything else.
[[nodiscard]] Result<SdpProfile> profile_of(const SdpStream& stream);

/// Whether an m= line wants DTLS-SRTP.
[[nodiscard]] bool is_dtls(const SdpStream& stream) noexcept;

/// Address and port that media goes to.
/// @param own_address  Where ours is: sound cannot cross between IPv4 and IPv6.
/// @return `malformed_message` without a usable c=; `unsupported` for another version of IP.
[[nodiscard]] Result<> read_target(const SdpStream& stream,
                                   const std::string& own_address,
                                   NegotiatedMedia& media);

/// Of the telephone-event formats in `theirs` that `ours` has too, the one that suits a codec with
/// `clock_hz`: RFC 4733 section 2.1 wants the same clock.
[[nodiscard]] std::optional<SdpCodec> choose_telephone_event(std::span<const SdpCodec> ours,
                                                             std::span<const SdpCodec> theirs,
                                                             int clock_hz);

/// "opus/48000/2 PCMU/8000", for messages.
[[nodiscard]] std::string names_of(std::span<const SdpCodec> codecs);

}  // namespace offhook::sip
