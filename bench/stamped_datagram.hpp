#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

namespace offhook::bench {

/// A datagram as the kernel took it.
struct StampedDatagram {
  ssize_t size = -1;          ///< Bytes; negative: none waits.
  std::int64_t taken_ns = 0;  ///< On CLOCK_REALTIME; 0: not stamped.
};

/// Takes the next datagram of a socket that has SO_TIMESTAMPNS; does not wait.
inline StampedDatagram receive_stamped(int socket, std::span<std::uint8_t> bytes) {
  alignas(cmsghdr) std::uint8_t control[64] = {};
  iovec vector{.iov_base = bytes.data(), .iov_len = bytes.size()};
  msghdr header{};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  StampedDatagram datagram{.size = recvmsg(socket, &header, MSG_DONTWAIT)};
  for (cmsghdr* item = datagram.size < 0 ? nullptr : CMSG_FIRSTHDR(&header); item != nullptr;
       item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_TIMESTAMPNS) {
      timespec stamp{};
      std::memcpy(&stamp, CMSG_DATA(item), sizeof stamp);
      datagram.taken_ns = std::int64_t{stamp.tv_sec} * 1'000'000'000 + stamp.tv_nsec;
    }
  }
  return datagram;
}

}  // namespace offhook::bench
