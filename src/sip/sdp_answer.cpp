#include <algorithm>
#include <optional>
#include <utility>

#include "sip/sdp.hpp"
#include "sip/sdp_crypto.hpp"
#include "sip/sdp_negotiation.hpp"
#include "sip/sdp_text.hpp"
#include "sip/sdp_writer.hpp"

namespace offhook::sip {
namespace {

/// What we answer for one stream, and what it means.
struct StreamAnswer {
  NegotiatedMedia media;
  std::vector<SdpCodec> codecs;  ///< With the offer's payload types, the chosen one first.
  std::vector<SdpCrypto> crypto{};
  std::string_view protocol{};
};

/// Our codecs that the offer has too, in our order, numbered as the offer numbers them.
std::vector<SdpCodec> shared_codecs(std::span<const SdpCodec> ours,
                                    std::span<const SdpCodec> theirs) {
  std::vector<SdpCodec> shared;
  for (const SdpCodec& own : ours) {
    const auto match = std::find_if(theirs.begin(), theirs.end(),
                                    [&](const SdpCodec& c) { return same_codec(own, c); });
    if (match != theirs.end() && !is_telephone_event(own)) {
      SdpCodec codec = own;
      codec.payload_type = match->payload_type;
      shared.push_back(std::move(codec));
    }
  }
  return shared;
}

Result<> choose_codec(const MediaCapabilities& ours,
                      const SdpStream& stream,
                      StreamAnswer& answer) {
  const auto theirs = codecs_of(stream);
  answer.codecs = shared_codecs(ours.codecs, theirs);
  if (answer.codecs.empty()) {
    return fail(Errc::unsupported, "sdp: no codec in common (offered " + names_of(theirs) + ")");
  }
  NegotiatedMedia& media = answer.media;
  const auto offered = std::find_if(theirs.begin(), theirs.end(), [&](const SdpCodec& codec) {
    return codec.payload_type == answer.codecs.front().payload_type;
  });
  media.codec = *offered;
  if (ours.single_codec_answer) {
    answer.codecs.resize(1);
  }
  const auto digits = choose_telephone_event(ours.codecs, theirs, media.codec.clock_hz);
  if (digits) {
    media.telephone_event_type = digits->payload_type;
    media.telephone_event_clock_hz = digits->clock_hz;
    const auto own =
        std::find_if(ours.codecs.begin(), ours.codecs.end(),
                     [&](const SdpCodec& codec) { return same_codec(codec, *digits); });
    answer.codecs.push_back(*own);
    answer.codecs.back().payload_type = digits->payload_type;
  }
  return {};
}

/// RFC 4568 section 5.1.2: the first line that we can use, answered under its tag.
Result<> choose_keys(const SdpStream& stream,
                     const NegotiatedMedia* previous,
                     StreamAnswer& answer) {
  const auto theirs = cryptos_of(stream);
  if (theirs.empty()) {
    return fail(Errc::unsupported, "sdp: offer has no a=crypto line that we can use");
  }
  SdpCrypto own = make_crypto_answer(theirs.front());
  if (previous != nullptr && previous->srtp_suite == own.suite) {
    own.key = previous->srtp_local;
  }
  answer.media.srtp_suite = own.suite;
  answer.media.srtp_local = own.key;
  answer.media.srtp_remote = theirs.front().key;
  answer.crypto.push_back(std::move(own));
  return {};
}

Result<StreamAnswer> answer_stream(const MediaCapabilities& ours,
                                   const SdpText& session,
                                   const SdpStream& stream,
                                   const NegotiatedMedia* previous) {
  StreamAnswer answer;
  const bool plain = ours.dtls_as_avp && is_dtls(stream);
  const auto profile = plain ? Result<SdpProfile>{SdpProfile::avp} : profile_of(stream);
  answer.protocol = plain ? "RTP/AVP" : stream.protocol;
  if (!profile) {
    return fail(profile.error());
  }
  if (*profile == SdpProfile::avp ? !ours.allow_avp : !ours.allow_savp) {
    return fail(Errc::unsupported, *profile == SdpProfile::avp
                                       ? "sdp: plain RTP offered, but SRTP is required here"
                                       : "sdp: SRTP offered, but only plain RTP is allowed here");
  }
  answer.media.profile = *profile;
  if (auto target = read_target(stream, ours.address, answer.media); !target) {
    return fail(std::move(target).error());
  }
  if (auto codec = choose_codec(ours, stream, answer); !codec) {
    return fail(std::move(codec).error());
  }
  if (*profile == SdpProfile::savp) {
    if (auto keys = choose_keys(stream, previous, answer); !keys) {
      return fail(std::move(keys).error());
    }
  }
  answer.media.direction = mirrored(direction_of(session, stream));
  return answer;
}

std::string refuse(const SdpStream& stream) {
  std::string line = "m=" + std::string{stream.kind} + " 0 " + std::string{stream.protocol};
  for (const std::string_view format : stream.formats) {
    line += ' ' + std::string{format};
  }
  return line + "\r\n";
}

SdpOutline outline_of(const MediaCapabilities& ours, const StreamAnswer& answer) {
  SdpOutline outline;
  choose_origin(ours, outline);
  outline.address = ours.address;
  outline.port = ours.port;
  outline.protocol = answer.protocol;
  outline.codecs = answer.codecs;
  outline.crypto = answer.crypto;
  if (answer.media.direction != MediaDirection::sendrecv || !ours.single_codec_answer) {
    outline.direction = answer.media.direction;
  }
  return outline;
}

}  // namespace

Result<MediaAnswer> answer_offer(const MediaCapabilities& capabilities,
                                 std::string_view offer_sdp,
                                 const NegotiatedMedia* previous) {
  const auto session = parse_sdp(offer_sdp);
  if (!session) {
    return fail(session.error());
  }
  Error reason{Errc::unsupported, "sdp: offer has no audio"};
  std::optional<StreamAnswer> accepted;
  const SdpStream* audio = nullptr;
  for (const SdpStream& stream : session->streams) {
    if (stream.kind != "audio" || stream.port == 0 || accepted) {
      continue;
    }
    auto answer = answer_stream(capabilities, *session, stream, previous);
    if (answer) {
      accepted = std::move(*answer);
      audio = &stream;
    } else {
      reason = std::move(answer).error();
    }
  }
  if (!accepted) {
    return fail(std::move(reason));
  }
  const SdpOutline outline = outline_of(capabilities, *accepted);
  MediaAnswer result;
  result.sdp = write_session(outline);
  for (const SdpStream& stream : session->streams) {
    result.sdp += &stream == audio ? write_audio(outline) : refuse(stream);
  }
  result.media = std::move(accepted->media);
  return result;
}

}  // namespace offhook::sip
