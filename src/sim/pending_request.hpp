#pragma once

#include <memory>
#include <utility>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>

namespace offhook::sim {

/// A request that is under way, by the signal that its coroutine obeys. Whoever destroys this gives
/// it up, which closes its connection. One executor.
class PendingRequest {
 public:
  using Signal = std::shared_ptr<boost::asio::cancellation_signal>;

  explicit PendingRequest(Signal signal) : signal_{std::move(signal)} {}
  PendingRequest(PendingRequest&&) noexcept = default;
  PendingRequest& operator=(PendingRequest&& other) noexcept {
    std::swap(signal_, other.signal_);
    return *this;
  }
  PendingRequest(const PendingRequest&) = delete;
  PendingRequest& operator=(const PendingRequest&) = delete;
  /// It has ended by itself.
  void ended() noexcept { signal_.reset(); }
  ~PendingRequest() {
    if (signal_) {
      signal_->emit(boost::asio::cancellation_type::terminal);
    }
  }

 private:
  Signal signal_;
};

}  // namespace offhook::sim
