#pragma once

#include <mutex>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

namespace offhook::sip {

/// The way from the SIP thread to the control thread. Closed by the control thread when it loses
/// interest, because the executor may be gone after that.
class Outbox {
 public:
  explicit Outbox(boost::asio::any_io_executor control) : control_{std::move(control)} {}

  template <class F>
  void post(F task) {
    const std::lock_guard lock{mutex_};
    if (open_) {
      boost::asio::post(control_, std::move(task));
    }
  }

  void close() {
    const std::lock_guard lock{mutex_};
    open_ = false;
  }

 private:
  std::mutex mutex_;
  bool open_ = true;
  boost::asio::any_io_executor control_;
};

}  // namespace offhook::sip
