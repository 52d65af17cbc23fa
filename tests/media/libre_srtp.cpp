#include "libre_srtp.hpp"

// libre's headers redefine bool unless they are told that the compiler has it.
#define HAVE_STDBOOL_H 1
#define HAVE_INTTYPES_H 1
#define HAVE_INET6 1
#include <cstdarg>
#include <cstddef>

#include <re/re.h>

struct LibreSrtp::State {
  srtp* session = nullptr;
};

namespace {

using Operation = int (*)(srtp*, mbuf*);

LibreSrtp::Bytes run(Operation operation, srtp* session, const LibreSrtp::Bytes& packet) {
  mbuf* buffer = mbuf_alloc(packet.size() + 64);
  mbuf_write_mem(buffer, packet.data(), packet.size());
  buffer->pos = 0;
  LibreSrtp::Bytes out;
  if (operation(session, buffer) == 0) {
    out.assign(buffer->buf, buffer->buf + buffer->end);
  }
  mem_deref(buffer);
  return out;
}

}  // namespace

LibreSrtp::LibreSrtp(offhook::media::SrtpSuite suite, const offhook::media::SrtpMaster& master)
    : state_{std::make_unique<State>()} {
  const bool long_tag = suite == offhook::media::SrtpSuite::aes_cm_128_hmac_sha1_80;
  srtp_alloc(&state_->session,
             long_tag ? SRTP_AES_CM_128_HMAC_SHA1_80 : SRTP_AES_CM_128_HMAC_SHA1_32, master.data(),
             master.size(), 0);
}

LibreSrtp::~LibreSrtp() { mem_deref(state_->session); }

LibreSrtp::Bytes LibreSrtp::encrypt(const Bytes& packet) {
  return run(srtp_encrypt, state_->session, packet);
}
LibreSrtp::Bytes LibreSrtp::decrypt(const Bytes& packet) {
  return run(srtp_decrypt, state_->session, packet);
}
LibreSrtp::Bytes LibreSrtp::encrypt_rtcp(const Bytes& packet) {
  return run(srtcp_encrypt, state_->session, packet);
}
LibreSrtp::Bytes LibreSrtp::decrypt_rtcp(const Bytes& packet) {
  return run(srtcp_decrypt, state_->session, packet);
}
