#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sip/sdp.hpp"

namespace offhook::sip {

/// Everything that one of our descriptions says.
struct SdpOutline {
  std::string address;
  std::uint16_t port = 0;
  std::string session_name = "-";
  std::uint64_t session_id = 0;
  std::uint64_t session_version = 0;
  std::string protocol = "RTP/AVP";
  std::vector<SdpCodec> codecs;
  std::vector<SdpCrypto> crypto{};
  std::optional<MediaDirection> direction{};  ///< Absent: no attribute, which means sendrecv.
};

/// The lines up to and including t=.
[[nodiscard]] std::string write_session(const SdpOutline& outline);
/// The m= line of our audio and its attributes.
[[nodiscard]] std::string write_audio(const SdpOutline& outline);

[[nodiscard]] std::string_view to_text(MediaDirection direction) noexcept;

/// Origin fields for `capabilities`: its own, or ones chosen at random.
void choose_origin(const MediaCapabilities& capabilities, SdpOutline& outline);

}  // namespace offhook::sip
