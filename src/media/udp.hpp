#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <netinet/in.h>
#include <sys/socket.h>

namespace offhook::media {

/// An IPv4 or IPv6 address and port, of value type.
class SocketAddress {
 public:
  SocketAddress() = default;
  /// @return nothing when `literal` is no IP address.
  [[nodiscard]] static std::optional<SocketAddress> from(const std::string& literal,
                                                         std::uint16_t port);

  [[nodiscard]] int family() const noexcept { return storage_.any.sa_family; }
  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] SocketAddress with_port(std::uint16_t port) const noexcept;
  /// 0.0.0.0 or ::, which SDP of the old style uses for hold.
  [[nodiscard]] bool unspecified() const noexcept;
  [[nodiscard]] bool same_host(const SocketAddress& other) const noexcept;
  friend bool operator==(const SocketAddress& a, const SocketAddress& b) noexcept {
    return a.same_host(b) && a.port() == b.port();
  }

  [[nodiscard]] const sockaddr* data() const noexcept { return &storage_.any; }
  [[nodiscard]] sockaddr* data() noexcept { return &storage_.any; }
  [[nodiscard]] socklen_t length() const noexcept;
  static constexpr socklen_t capacity = sizeof(sockaddr_in6);

 private:
  union Storage {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  };
  Storage storage_{.v6 = {}};
};

/// Sends one datagram without waiting. @return false when the system did not take it.
bool send_datagram(int fd, std::span<const std::uint8_t> bytes, const SocketAddress& to) noexcept;

/// Buffers for one batch of received datagrams; one per media thread. No allocation after
/// construction.
class ReceiveBatch {
 public:
  static constexpr std::size_t limit = 32;
  static constexpr std::size_t datagram_bytes = 2'048;
  /// Kept free behind each datagram, for those who work in place.
  static constexpr std::size_t spare_bytes = 64;

  struct Datagram {
    std::span<std::uint8_t> buffer{};  ///< With the spare bytes.
    std::size_t length = 0;
    SocketAddress source{};
    std::chrono::nanoseconds age{0};  ///< How long it waited in the socket.
  };

  ReceiveBatch();
  /// Takes what waits in the socket, up to `limit`. @return how many.
  [[nodiscard]] std::size_t receive(int fd) noexcept;
  [[nodiscard]] Datagram operator[](std::size_t index) noexcept;

 private:
  static constexpr std::size_t control_bytes = 64;
  std::array<std::array<std::uint8_t, datagram_bytes>, limit> bytes_{};
  std::array<SocketAddress, limit> sources_{};
  alignas(cmsghdr) std::array<std::array<std::uint8_t, control_bytes>, limit> control_{};
  std::array<iovec, limit> vectors_{};
  std::array<mmsghdr, limit> headers_{};
  std::chrono::nanoseconds received_at_{0};  ///< On the clock that the kernel stamps with.
};

}  // namespace offhook::media
