#pragma once

#include <string>

namespace offhook::sim {

/// A socket that observes a call. Control thread.
class Observer {
 public:
  virtual ~Observer() = default;

  /// Queues one event. A socket that does not read is dropped.
  virtual void send(std::string event) = 0;
  /// Writes bytes past the protocol, and nothing after them: a frame that breaks it.
  virtual void send_raw(std::string bytes) = 0;
  /// Whether everything queued has been handed to the network.
  [[nodiscard]] virtual bool idle() const = 0;
  /// Cuts the connection without a close frame.
  virtual void drop() = 0;
  /// Ends it once everything queued is out: by a closing handshake if the socket asked for one.
  virtual void finish() = 0;
};

}  // namespace offhook::sim
