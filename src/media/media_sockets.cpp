#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include "base/random.hpp"
#include "media/engine.hpp"
#include "media/udp.hpp"

namespace offhook::media {
namespace {

constexpr int receive_buffer_bytes = 512 * 1'024;  // 10 s of G.711 as the kernel counts it
constexpr int any_port_attempts = 200;

void close_if_open(int fd) {
  if (fd >= 0) {
    ::close(fd);
  }
}

/// @return the socket, or -1 with errno set.
int bind_udp(const SocketAddress& address) {
  const int fd = socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return -1;
  }
  const int size = receive_buffer_bytes;
  const int on = 1;
  // Both only help: without them the defaults of the system hold, and arrival is when we read.
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  if (address.family() == AF_INET6) {
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (::bind(fd, address.data(), address.length()) != 0) {
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

std::uint16_t port_of(int fd) {
  SocketAddress address;
  socklen_t length = SocketAddress::capacity;
  getsockname(fd, address.data(), &length);
  return address.port();
}

struct Pair {
  int rtp = -1;
  int rtcp = -1;
  std::uint16_t port = 0;
};

/// @param port  Even, or 0 for any. @return `rtp` -1 with errno when that port or the next is
/// taken.
Pair bind_pair(const SocketAddress& host, std::uint16_t port) {
  Pair pair;
  pair.rtp = bind_udp(host.with_port(port));
  if (pair.rtp < 0) {
    return pair;
  }
  pair.port = port_of(pair.rtp);
  if (pair.port % 2 == 0) {
    pair.rtcp = bind_udp(host.with_port(static_cast<std::uint16_t>(pair.port + 1)));
  } else {
    errno = EADDRINUSE;  // an odd port: as good as taken
  }
  if (pair.rtcp < 0) {
    const int error = errno;
    ::close(std::exchange(pair.rtp, -1));
    errno = error;
  }
  return pair;
}

Pair bind_any(const SocketAddress& host) {
  Pair pair;
  for (int attempt = 0; attempt < any_port_attempts && pair.rtp < 0; ++attempt) {
    pair = bind_pair(host, 0);
    if (pair.rtp < 0 && errno != EADDRINUSE) {
      break;
    }
  }
  return pair;
}

/// Tries every even port of the range, from a random one on, so that ports are not reused at once.
Pair bind_in_range(const SocketAddress& host, std::uint16_t first, std::uint16_t last) {
  const std::uint32_t lowest = first + first % 2U;
  Pair pair;
  if (lowest + 1U > last) {
    errno = EINVAL;
    return pair;
  }
  const std::uint32_t pairs = (last - lowest + 1U) / 2;
  const std::uint32_t begin = random_u32() % pairs;
  for (std::uint32_t i = 0; i < pairs && pair.rtp < 0; ++i) {
    pair = bind_pair(host, static_cast<std::uint16_t>(lowest + 2 * ((begin + i) % pairs)));
    if (pair.rtp < 0 && errno != EADDRINUSE) {
      break;
    }
  }
  return pair;
}

}  // namespace

Result<MediaSockets> MediaSockets::bind(const std::string& address,
                                        std::uint16_t first,
                                        std::uint16_t last) {
  const auto host = SocketAddress::from(address, 0);
  if (!host) {
    return fail(Errc::invalid_argument, "media address '" + address + "' is no IP address");
  }
  const bool any = first == 0 && last == 0;
  const Pair pair = any ? bind_any(*host) : bind_in_range(*host, first, last);
  if (pair.rtp < 0) {
    const int error = errno;
    const std::string where =
        any ? "any port" : "ports " + std::to_string(first) + "-" + std::to_string(last);
    if (error == EINVAL) {
      return fail(Errc::invalid_argument, "RTP " + where + " hold no even port with the next one");
    }
    if (error == EADDRINUSE) {
      return fail(Errc::overloaded,
                  "RTP " + where + " on " + address + ": all in use; give a wider range");
    }
    return fail(Errc::invalid_argument,
                "RTP " + where + " on " + address + ": " + std::strerror(error));
  }
  MediaSockets sockets;
  sockets.rtp_fd_ = pair.rtp;
  sockets.rtcp_fd_ = pair.rtcp;
  sockets.rtp_port_ = pair.port;
  sockets.address_ = address;
  return sockets;
}

MediaSockets::MediaSockets(MediaSockets&& other) noexcept
    : rtp_fd_{std::exchange(other.rtp_fd_, -1)},
      rtcp_fd_{std::exchange(other.rtcp_fd_, -1)},
      rtp_port_{other.rtp_port_},
      address_{std::move(other.address_)} {}

MediaSockets& MediaSockets::operator=(MediaSockets&& other) noexcept {
  std::swap(rtp_fd_, other.rtp_fd_);
  std::swap(rtcp_fd_, other.rtcp_fd_);
  std::swap(rtp_port_, other.rtp_port_);
  std::swap(address_, other.address_);
  return *this;
}

MediaSockets::~MediaSockets() {
  close_if_open(rtp_fd_);
  close_if_open(rtcp_fd_);
}

}  // namespace offhook::media
