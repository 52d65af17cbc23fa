#include <algorithm>
#include <utility>

#include "sip/sdp.hpp"
#include "sip/sdp_crypto.hpp"
#include "sip/sdp_negotiation.hpp"
#include "sip/sdp_text.hpp"
#include "sip/sdp_writer.hpp"

namespace offhook::sip {
namespace {

/// Both keys, after the answer chose one of our lines (RFC 4568 section 5.1.3).
Result<> read_keys(const MediaOffer& offer, const SdpStream& stream, NegotiatedMedia& media) {
  const auto theirs = cryptos_of(stream);
  if (theirs.empty()) {
    return fail(Errc::unsupported, "sdp: answer has no usable a=crypto line");
  }
  const SdpCrypto& answer = theirs.front();
  const auto own = std::find_if(offer.crypto.begin(), offer.crypto.end(), [&](const auto& line) {
    return line.tag == answer.tag && line.suite == answer.suite;
  });
  if (own == offer.crypto.end()) {
    return fail(Errc::unsupported, "sdp: answer's a=crypto " + std::to_string(answer.tag) + ' ' +
                                       answer.suite + " was not offered");
  }
  media.srtp_suite = answer.suite;
  media.srtp_local = own->key;
  media.srtp_remote = answer.key;
  return {};
}

Result<> read_codec(const MediaOffer& offer, const SdpStream& stream, NegotiatedMedia& media) {
  const auto theirs = codecs_of(stream);
  const auto& ours = offer.capabilities.codecs;
  const auto chosen = std::find_if(theirs.begin(), theirs.end(), [&](const SdpCodec& codec) {
    return !is_telephone_event(codec) &&
           std::any_of(ours.begin(), ours.end(),
                       [&](const SdpCodec& own) { return same_codec(own, codec); });
  });
  if (chosen == theirs.end()) {
    return fail(Errc::unsupported, "sdp: no codec in common (answered " + names_of(theirs) + ")");
  }
  media.codec = *chosen;
  if (const auto digits = choose_telephone_event(ours, theirs, chosen->clock_hz)) {
    media.telephone_event_type = digits->payload_type;
    media.telephone_event_clock_hz = digits->clock_hz;
  }
  return {};
}

Result<const SdpStream*> audio_of(const SdpText& session) {
  for (const SdpStream& stream : session.streams) {
    if (stream.kind != "audio") {
      continue;
    }
    if (stream.port == 0) {
      return fail(Errc::unsupported, "sdp: the peer refused the audio stream (port 0)");
    }
    return &stream;
  }
  return fail(Errc::unsupported, "sdp: answer has no audio");
}

}  // namespace

Result<MediaOffer> make_offer(MediaCapabilities capabilities, SdpProfile profile) {
  if (capabilities.codecs.empty() || capabilities.address.empty() || capabilities.port == 0) {
    return fail(Errc::invalid_argument, "sdp: an offer needs an address, a port and a codec");
  }
  MediaOffer offer;
  SdpOutline outline;
  choose_origin(capabilities, outline);
  outline.address = capabilities.address;
  outline.port = capabilities.port;
  outline.codecs = capabilities.codecs;
  outline.direction = MediaDirection::sendrecv;
  if (profile == SdpProfile::savp) {
    outline.protocol = "RTP/SAVP";
    offer.crypto = make_crypto_offer();
    outline.crypto = offer.crypto;
  }
  capabilities.session_id = outline.session_id;
  capabilities.session_version = outline.session_version;
  offer.sdp = write_session(outline) + write_audio(outline);
  offer.capabilities = std::move(capabilities);
  offer.profile = profile;
  return offer;
}

Result<NegotiatedMedia> apply_answer(const MediaOffer& offer, std::string_view sdp) {
  const auto session = parse_sdp(sdp);
  if (!session) {
    return fail(session.error());
  }
  const auto stream = audio_of(*session);
  if (!stream) {
    return fail(stream.error());
  }
  NegotiatedMedia media;
  const auto profile = profile_of(**stream);
  if (!profile) {
    return fail(profile.error());
  }
  // RFC 3264 wants the same profile back; a plain answer is seen all the same, and whether it will
  // do is the user's decision.
  const bool plain_will_do = *profile == SdpProfile::avp && offer.capabilities.allow_avp;
  if (*profile != offer.profile && !plain_will_do) {
    return fail(Errc::unsupported, *profile == SdpProfile::avp
                                       ? "sdp: SRTP was offered and plain RTP answered"
                                       : "sdp: plain RTP was offered and SRTP answered");
  }
  media.profile = *profile;
  if (auto target = read_target(**stream, offer.capabilities.address, media); !target) {
    return fail(std::move(target).error());
  }
  if (auto codec = read_codec(offer, **stream, media); !codec) {
    return fail(std::move(codec).error());
  }
  if (media.profile == SdpProfile::savp) {
    if (auto keys = read_keys(offer, **stream, media); !keys) {
      return fail(std::move(keys).error());
    }
  }
  media.direction = mirrored(direction_of(*session, **stream));
  return media;
}

}  // namespace offhook::sip
