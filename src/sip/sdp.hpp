#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace offhook::sip {

/// A codec as SDP writes it: a=rtpmap and a=fmtp.
struct SdpCodec {
  int payload_type = 0;
  std::string name;  ///< "opus", "PCMU", "telephone-event", …
  int clock_hz = 8'000;
  int channels = 1;
  std::string fmtp{};
};

/// One a=crypto line of ours (RFC 4568): suite name and 30 bytes of master key and salt.
struct SdpCrypto {
  int tag = 1;
  std::string suite;
  std::array<std::uint8_t, 30> key{};
};

/// How the media of a call is keyed.
enum class SdpProfile : std::uint8_t { avp, savp };

/// What we are able and willing to do, for an offer or as the basis of an answer.
struct MediaCapabilities {
  std::string address;           ///< Local IP literal for c=.
  std::uint16_t port = 0;        ///< Local RTP port for m=.
  std::vector<SdpCodec> codecs;  ///< In order of preference, telephone-event included.
  bool allow_avp = true;   ///< Plain RTP will do: in our answer, or as the answer to our offer.
  bool allow_savp = true;  ///< Answering: SDES-SRTP is acceptable.
  bool dtls_as_avp =
      false;  ///< Answering: an offer of DTLS-SRTP gets plain RTP, as if it were AVP.
  std::string session_name = "-";  ///< s=
  std::uint64_t session_id = 0;    ///< o= id; 0: chosen at random.
  std::uint64_t session_version = 0;
  bool single_codec_answer = false;  ///< Answer with the chosen codec and telephone-event only.
};

/// An offer of ours and the keys in it, kept until the answer comes.
struct MediaOffer {
  MediaCapabilities capabilities;
  SdpProfile profile = SdpProfile::savp;
  std::vector<SdpCrypto> crypto;  ///< For savp: one line per suite, best first.
  std::string sdp;                ///< The body of the INVITE.
};

enum class MediaDirection : std::uint8_t { sendrecv, sendonly, recvonly, inactive };

/// What offer and answer agreed on, from our side.
struct NegotiatedMedia {
  std::string remote_address;
  std::uint16_t remote_port = 0;
  SdpCodec codec;  ///< As the peer numbers it.
  int telephone_event_type = -1;
  int telephone_event_clock_hz = 8'000;
  SdpProfile profile = SdpProfile::avp;
  std::string srtp_suite{};  ///< savp only.
  std::array<std::uint8_t, 30> srtp_local{};
  std::array<std::uint8_t, 30> srtp_remote{};
  MediaDirection direction = MediaDirection::sendrecv;  ///< Ours: what we may do.
};

/// Writes an offer. Fresh keys are drawn for `SdpProfile::savp`.
[[nodiscard]] Result<MediaOffer> make_offer(MediaCapabilities capabilities, SdpProfile profile);

/// Reads the answer to an offer of ours (RFC 3264 section 7, RFC 4568 section 5.1.3).
///
/// @return `malformed_message` for bad SDP, `unsupported` for no common codec, a refused stream
///         (port 0) or unusable keying; the detail says which.
[[nodiscard]] Result<NegotiatedMedia> apply_answer(const MediaOffer& offer, std::string_view sdp);

/// An answer of ours to a peer's offer, and what was agreed by it.
struct MediaAnswer {
  NegotiatedMedia media;
  std::string sdp;
};

/// Answers an offer (RFC 3264 section 6). Our own order of codecs decides.
/// @param previous  Keys and session id to keep for a re-INVITE, if any.
/// @return as `apply_answer`; `unsupported` means 488 Not Acceptable Here.
[[nodiscard]] Result<MediaAnswer> answer_offer(const MediaCapabilities& capabilities,
                                               std::string_view offer_sdp,
                                               const NegotiatedMedia* previous = nullptr);

}  // namespace offhook::sip
