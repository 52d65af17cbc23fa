#include "sim/call_leg.hpp"

namespace offhook::sim {

Result<media::StreamConfig> stream_config(const sip::NegotiatedMedia& media) {
  const auto codec = audio::codec_by_name(media.codec.name);
  if (!codec) {
    return fail(Errc::unsupported, "codec " + media.codec.name);
  }
  media::StreamConfig config;
  config.remote_address = media.remote_address;
  config.remote_port = media.remote_port;
  config.codec = *codec;
  config.payload_type = media.codec.payload_type;
  config.telephone_event_type = media.telephone_event_type;
  config.telephone_event_clock_hz = media.telephone_event_clock_hz;
  config.audio_rate_hz = voice_rate_hz;
  config.send = media.direction == sip::MediaDirection::sendrecv ||
                media.direction == sip::MediaDirection::sendonly;
  config.cname = "OAI";
  if (media.profile == sip::SdpProfile::savp) {
    media::SrtpKeys keys;
    keys.suite = media.srtp_suite == to_string(media::SrtpSuite::aes_cm_128_hmac_sha1_32)
                     ? media::SrtpSuite::aes_cm_128_hmac_sha1_32
                     : media::SrtpSuite::aes_cm_128_hmac_sha1_80;
    keys.local = media.srtp_local;
    keys.remote = media.srtp_remote;
    config.srtp = keys;
  }
  return config;
}

}  // namespace offhook::sim
