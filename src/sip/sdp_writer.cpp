#include "sip/sdp_writer.hpp"

#include "base/random.hpp"
#include "sip/sdp_crypto.hpp"
#include "sip/sdp_text.hpp"

namespace offhook::sip {
namespace {

std::string network(const std::string& address) {
  return (address.find(':') == std::string::npos ? "IN IP4 " : "IN IP6 ") + address;
}

std::string describe(const SdpCodec& codec) {
  const std::string type = std::to_string(codec.payload_type);
  std::string text = "a=rtpmap:" + type + ' ' + codec.name + '/' + std::to_string(codec.clock_hz);
  if (codec.channels > 1) {
    text += '/' + std::to_string(codec.channels);
  }
  text += "\r\n";
  if (!codec.fmtp.empty()) {
    text += "a=fmtp:" + type + ' ' + codec.fmtp + "\r\n";
  }
  return text;
}

}  // namespace

std::string_view to_text(MediaDirection direction) noexcept {
  switch (direction) {
    case MediaDirection::sendonly: return "sendonly";
    case MediaDirection::recvonly: return "recvonly";
    case MediaDirection::inactive: return "inactive";
    case MediaDirection::sendrecv: break;
  }
  return "sendrecv";
}

void choose_origin(const MediaCapabilities& capabilities, SdpOutline& outline) {
  outline.session_name = capabilities.session_name;
  outline.session_id = capabilities.session_id;
  outline.session_version = capabilities.session_version;
  if (outline.session_id == 0) {
    outline.session_id = random_u32();
  }
  if (outline.session_version == 0) {
    outline.session_version = outline.session_id + (capabilities.single_codec_answer ? 2 : 0);
  }
}

std::string write_session(const SdpOutline& outline) {
  return "v=0\r\no=- " + std::to_string(outline.session_id) + ' ' +
         std::to_string(outline.session_version) + ' ' + network(outline.address) +
         "\r\ns=" + outline.session_name + "\r\nc=" + network(outline.address) + "\r\nt=0 0\r\n";
}

std::string write_audio(const SdpOutline& outline) {
  std::string text = "m=audio " + std::to_string(outline.port) + ' ' + outline.protocol;
  for (const SdpCodec& codec : outline.codecs) {
    text += ' ' + std::to_string(codec.payload_type);
  }
  text += "\r\n";
  for (const SdpCodec& codec : outline.codecs) {
    text += describe(codec);
  }
  text += "a=ptime:20\r\n";
  for (const SdpCrypto& crypto : outline.crypto) {
    text += "a=crypto:" + to_text(crypto) + "\r\n";
  }
  if (outline.direction) {
    text += "a=";
    text += to_text(*outline.direction);
    text += "\r\n";
  }
  return text;
}

}  // namespace offhook::sip
