#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "sip/endpoint.hpp"
#include "sip/session.hpp"

namespace offhook::sip {

class Outbox;
class Stack;

/// The control thread's side of a call: its queue of events, and the way to its `Session`.
class Call::Impl {
 public:
  Impl(const boost::asio::any_io_executor& control,
       std::shared_ptr<Loop::Impl> loop,
       std::shared_ptr<Stack> stack,
       std::uint64_t id);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  void deliver(CallEvent event, const std::string& call_id);
  [[nodiscard]] boost::asio::awaitable<CallEvent> next_event();

  /// Runs `task` on the SIP thread, unless the session has ended by then.
  void post(std::function<void(Session&)> task);

  std::string call_id;

 private:
  std::shared_ptr<Loop::Impl> loop_;
  std::shared_ptr<Stack> stack_;
  std::uint64_t id_;
  std::deque<CallEvent> events_;
  bool ended_ = false;
  boost::asio::steady_timer arrival_;  ///< Never expires; cancelled to wake the one who waits.
};

/// Where the SIP thread leaves events of a call that the control thread may not know yet. `call` is
/// set and read on the control thread only.
struct Mailbox {
  std::weak_ptr<Call::Impl> call{};
};

/// A sink that delivers to `mailbox` by way of `outbox`.
[[nodiscard]] EventSink deliver_to(std::shared_ptr<Outbox> outbox,
                                   std::shared_ptr<Mailbox> mailbox);

}  // namespace offhook::sip
