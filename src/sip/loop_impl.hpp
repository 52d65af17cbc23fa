#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "sip/dns_stub.hpp"
#include "sip/host_resolver.hpp"
#include "sip/libre.hpp"
#include "sip/loop.hpp"

namespace offhook::sip {

class Stack;

/// Thread, task queue and name service that the stacks of one loop share.
class Loop::Impl {
 public:
  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { stop(); }

  [[nodiscard]] Result<> start();
  bool post(std::function<void()> task);
  void stop();

  [[nodiscard]] HostResolver& resolver() noexcept { return resolver_; }

  /// DNS client of libre that asks `DnsStub`. SIP thread.
  [[nodiscard]] dnsc* dns() const noexcept { return dns_.get(); }

  /// A stack is known from its start until libre has let go of it. SIP thread.
  void stack_started(Stack& stack) { stacks_.push_back(&stack); }
  void stack_released(const Stack& stack) noexcept;

 private:
  enum class State { starting, running, stopping, stopped, failed };

  void run() noexcept;
  [[nodiscard]] bool set_up() noexcept;
  void drain() noexcept;
  void begin_to_stop();

  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;  // guarded by mutex_
  State state_ = State::starting;             // guarded by mutex_
  ReHandle<mqueue> wake_;                     // pushed to under mutex_ only
  std::thread thread_;
  HostResolver resolver_;

  // SIP thread only:
  std::unique_ptr<DnsStub> stub_;
  ReHandle<dnsc> dns_;
  std::vector<Stack*> stacks_;
  bool stopping_ = false;
};

}  // namespace offhook::sip
