#pragma once

#include <string>

#include "sip/libre.hpp"

namespace offhook::sip {

/// Answers the datagrams that libre would drop without a word because it cannot read them: callers
/// with a broken phone are told so. SIP thread.
///
/// libre keeps its UDP socket to itself, but shows it with every message. So the guard begins by
/// sending one message to it, a response to nobody, which comes from a socket of its own.
class UdpGuard {
 public:
  UdpGuard() = default;
  UdpGuard(const UdpGuard&) = delete;
  UdpGuard& operator=(const UdpGuard&) = delete;
  ~UdpGuard() { mem_deref(listener_); }

  /// @param core   Must be gone before the guard is.
  /// @param where  Address of its UDP socket.
  void start(SipCore* core, const sa& where);

 private:
  [[nodiscard]] bool on_response(const sip_msg& message);
  [[nodiscard]] bool on_datagram(const sa& source, mbuf* packet) const;

  std::string token_{};  ///< Call-ID of the message that shows the socket.
  sip_lsnr* listener_ = nullptr;
  udp_sock* socket_ = nullptr;
};

}  // namespace offhook::sip
