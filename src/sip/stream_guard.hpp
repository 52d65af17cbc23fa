#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "sip/libre.hpp"

namespace offhook::sip {

/// Looks at what comes on accepted TCP and TLS connections before the SIP stack does. A message
/// that the stack cannot read is answered where its headers allow it (RFC 3261 section 8.2.6), and
/// the connection is closed, because nobody knows where the next message begins (section 18.3).
///
/// libre tells nobody of a connection before its first message, so `tcp_accept`, which it accepts
/// by, is replaced: see the end of stream_guard.cpp. SIP thread only.
class StreamGuard {
 public:
  /// Guards what is accepted at one of these ports, on this thread, from now on.
  explicit StreamGuard(std::vector<std::uint16_t> ports);
  StreamGuard(const StreamGuard&) = delete;
  StreamGuard& operator=(const StreamGuard&) = delete;
  /// After the connections.
  ~StreamGuard();

  /// A connection was accepted.
  static void on_accepted(tcp_conn* connection);

 private:
  class Stream;

  [[nodiscard]] bool serves(std::uint16_t port) const noexcept;
  void watch(tcp_conn* connection);

  std::vector<std::uint16_t> ports_;
  std::list<std::unique_ptr<Stream>> streams_;
};

}  // namespace offhook::sip
