#include "sip/sdp_negotiation.hpp"

#include <algorithm>

#include <boost/asio/ip/address.hpp>

namespace offhook::sip {

bool is_dtls(const SdpStream& stream) noexcept { return stream.protocol.starts_with("UDP/TLS/"); }

Result<SdpProfile> profile_of(const SdpStream& stream) {
  if (stream.protocol == "RTP/AVP" || stream.protocol == "RTP/AVPF") {
    return SdpProfile::avp;
  }
  if (stream.protocol == "RTP/SAVP" || stream.protocol == "RTP/SAVPF") {
    return SdpProfile::savp;
  }
  const std::string protocol{stream.protocol};
  if (is_dtls(stream)) {
    return fail(Errc::unsupported, "sdp: " + protocol + " wants DTLS-SRTP keying; use SDES");
  }
  return fail(Errc::unsupported, "sdp: unknown transport " + protocol);
}

Result<> read_target(const SdpStream& stream,
                     const std::string& own_address,
                     NegotiatedMedia& media) {
  boost::system::error_code failure;
  media.remote_address = stream.address;
  const auto theirs = boost::asio::ip::make_address(media.remote_address, failure);
  if (failure) {
    return fail(Errc::malformed_message,
                "sdp: c= has no IP address ('" + media.remote_address + "')");
  }
  const auto own = boost::asio::ip::make_address(own_address, failure);
  const bool used = stream.port != 0 && !theirs.is_unspecified();
  if (!failure && used && own.is_v6() != theirs.is_v6()) {
    return fail(Errc::unsupported, "sdp: the media address " + media.remote_address +
                                       " is of another version of IP than ours");
  }
  media.remote_port = stream.port;
  return {};
}

std::optional<SdpCodec> choose_telephone_event(std::span<const SdpCodec> ours,
                                               std::span<const SdpCodec> theirs,
                                               int clock_hz) {
  std::optional<SdpCodec> chosen;
  for (const SdpCodec& codec : theirs) {
    const bool shared = is_telephone_event(codec) &&
                        std::any_of(ours.begin(), ours.end(),
                                    [&](const SdpCodec& own) { return same_codec(own, codec); });
    if (shared && (!chosen || (codec.clock_hz == clock_hz && chosen->clock_hz != clock_hz))) {
      chosen = codec;
    }
  }
  return chosen;
}

std::string names_of(std::span<const SdpCodec> codecs) {
  std::string names;
  for (const SdpCodec& codec : codecs) {
    names += (names.empty() ? "" : " ") + codec.name + '/' + std::to_string(codec.clock_hz);
  }
  return names.empty() ? "nothing known" : names;
}

}  // namespace offhook::sip
