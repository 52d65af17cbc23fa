#include "media/udp.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>

#include <arpa/inet.h>

namespace offhook::media {
namespace {

std::chrono::nanoseconds to_duration(const timespec& time) {
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

}  // namespace

std::optional<SocketAddress> SocketAddress::from(const std::string& literal, std::uint16_t port) {
  SocketAddress address;
  if (inet_pton(AF_INET, literal.c_str(), &address.storage_.v4.sin_addr) == 1) {
    address.storage_.v4.sin_family = AF_INET;
  } else {
    address = {};
    if (inet_pton(AF_INET6, literal.c_str(), &address.storage_.v6.sin6_addr) != 1) {
      return std::nullopt;
    }
    address.storage_.v6.sin6_family = AF_INET6;
  }
  return address.with_port(port);
}

std::uint16_t SocketAddress::port() const noexcept {
  return ntohs(family() == AF_INET6 ? storage_.v6.sin6_port : storage_.v4.sin_port);
}

SocketAddress SocketAddress::with_port(std::uint16_t port) const noexcept {
  SocketAddress copy = *this;
  (family() == AF_INET6 ? copy.storage_.v6.sin6_port : copy.storage_.v4.sin_port) = htons(port);
  return copy;
}

bool SocketAddress::unspecified() const noexcept {
  return family() == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&storage_.v6.sin6_addr)
                              : storage_.v4.sin_addr.s_addr == INADDR_ANY;
}

bool SocketAddress::same_host(const SocketAddress& other) const noexcept {
  if (family() != other.family()) {
    return false;
  }
  return family() == AF_INET6 ? std::memcmp(&storage_.v6.sin6_addr, &other.storage_.v6.sin6_addr,
                                            sizeof(in6_addr)) == 0
                              : storage_.v4.sin_addr.s_addr == other.storage_.v4.sin_addr.s_addr;
}

socklen_t SocketAddress::length() const noexcept {
  return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

bool send_datagram(int fd, std::span<const std::uint8_t> bytes, const SocketAddress& to) noexcept {
  return sendto(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL, to.data(),
                to.length()) == static_cast<ssize_t>(bytes.size());
}

ReceiveBatch::ReceiveBatch() {
  for (std::size_t i = 0; i < limit; ++i) {
    vectors_[i] = {.iov_base = bytes_[i].data(), .iov_len = datagram_bytes - spare_bytes};
    msghdr& header = headers_[i].msg_hdr;
    header.msg_name = sources_[i].data();
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_control = control_[i].data();
  }
}

std::size_t ReceiveBatch::receive(int fd) noexcept {
  for (mmsghdr& header : headers_) {
    header.msg_hdr.msg_namelen = SocketAddress::capacity;
    header.msg_hdr.msg_controllen = control_bytes;
  }
  const int count = recvmmsg(fd, headers_.data(), limit, MSG_DONTWAIT, nullptr);
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  received_at_ = to_duration(now);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

ReceiveBatch::Datagram ReceiveBatch::operator[](std::size_t index) noexcept {
  msghdr& header = headers_[index].msg_hdr;
  Datagram datagram{.buffer = bytes_[index],
                    .length = (header.msg_flags & MSG_TRUNC) != 0 ? 0 : headers_[index].msg_len,
                    .source = sources_[index]};
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_TIMESTAMPNS) {
      timespec stamp{};
      std::memcpy(&stamp, CMSG_DATA(item), sizeof stamp);
      // Never negative: the wall clock may have been set back meanwhile.
      datagram.age = std::max(received_at_ - to_duration(stamp), std::chrono::nanoseconds{0});
    }
  }
  return datagram;
}

}  // namespace offhook::media
