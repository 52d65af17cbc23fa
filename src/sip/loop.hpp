#pragma once

#include <functional>
#include <memory>

#include "base/error.hpp"

namespace offhook::sip {

/// The SIP thread: runs libre's event loop. Work goes in by `post` (any thread); results come back
/// to the control thread by `asio::post`, done by `Endpoint`.
class Loop {
 public:
  /// @return `internal` when the thread or libre's loop cannot be set up.
  [[nodiscard]] static Result<std::unique_ptr<Loop>> start();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  /// Joins the thread, after the goodbyes of endpoints that were destroyed just before. Every
  /// Endpoint must have been destroyed.
  ~Loop();

  /// Runs `task` on the SIP thread, in order. @return false once the loop has stopped.
  bool post(std::function<void()> task);

  class Impl;
  [[nodiscard]] const std::shared_ptr<Impl>& impl() const noexcept { return impl_; }

 private:
  explicit Loop(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace offhook::sip
