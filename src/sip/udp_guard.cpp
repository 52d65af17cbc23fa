#include "sip/udp_guard.hpp"

#include "base/random.hpp"
#include "sip/raw_refusal.hpp"

namespace offhook::sip {
namespace {

constexpr int layer_below_sip = 10;

/// RFC 7983: STUN begins with a byte below 4.
bool may_be_sip(std::string_view packet) noexcept { return packet.size() > 4 && packet[0] > 3; }

}  // namespace

void UdpGuard::start(SipCore* core, const sa& where) {
  token_ = random_hex(16);
  const auto on_message = [](const sip_msg* message, void* self) noexcept {
    return static_cast<UdpGuard*>(self)->on_response(*message);
  };
  if (sip_listen(&listener_, core, false, on_message, this) != 0) {
    return;
  }
  const auto text = to_mbuf("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK" + token_ +
                            "\r\nFrom: <sip:guard@127.0.0.1>;tag=1\r\nTo: <sip:guard@127.0.0.1>;"
                            "tag=1\r\nCall-ID: " +
                            token_ + "\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
  sa to = where;
  if (sa_is_any(&to)) {
    static_cast<void>(
        sa_set_str(&to, sa_af(&where) == AF_INET6 ? "::1" : "127.0.0.1", sa_port(&where)));
  }
  if (text != nullptr) {
    static_cast<void>(udp_send_anon(&to, text.get()));
  }
}

bool UdpGuard::on_response(const sip_msg& message) {
  if (socket_ != nullptr || message.tp != SIP_TRANSP_UDP || view(message.callid) != token_) {
    return false;
  }
  socket_ = static_cast<udp_sock*>(message.sock);
  const auto on_packet = [](sa* source, mbuf* packet, void* self) noexcept {
    return static_cast<UdpGuard*>(self)->on_datagram(*source, packet);
  };
  // The socket owns the helper.
  static_cast<void>(
      udp_register_helper(nullptr, socket_, layer_below_sip, nullptr, on_packet, this));
  return true;
}

bool UdpGuard::on_datagram(const sa& source, mbuf* packet) const {
  if (!may_be_sip(rest_of(packet))) {
    return false;
  }
  const std::size_t begin = packet->pos;
  sip_msg* raw = nullptr;
  const bool readable = sip_msg_decode(&raw, packet) == 0;
  const ReHandle<sip_msg> message{raw};
  packet->pos = begin;
  if (readable) {
    return false;
  }
  const auto answer = refuse_unreadable(rest_of(packet), {host_of(source), sa_port(&source)});
  if (const auto text = answer ? to_mbuf(*answer) : nullptr) {
    static_cast<void>(udp_send(socket_, &source, text.get()));
  }
  return true;
}

}  // namespace offhook::sip
