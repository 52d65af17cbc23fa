#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "net/http_server.hpp"

namespace offhook::bench {

/// Accepts every call of a sim, attaches to it, and has every question of its caller answered by a
/// sentence that no other answer has, as a real model's would be. One executor.
class Controller {
 public:
  explicit Controller(boost::asio::any_io_executor executor);

  /// For the sim's `--webhook`.
  [[nodiscard]] std::string webhook() const;
  void set_api(std::string base) { base_ = std::move(base); }
  /// Responses that were completed, and that were not.
  [[nodiscard]] std::size_t completed() const noexcept { return completed_; }
  [[nodiscard]] std::size_t failed() const noexcept { return failed_; }
  /// What the first callers were understood to say.
  [[nodiscard]] const std::string& understood() const noexcept { return understood_; }

 private:
  boost::asio::awaitable<net::HttpResponse> take(net::HttpRequest request);
  boost::asio::awaitable<void> converse(std::string call_id);
  std::string answer(std::string_view event);

  boost::asio::any_io_executor executor_;
  std::unique_ptr<net::HttpServer> server_;
  std::string base_;
  std::size_t answers_ = 0;
  std::size_t completed_ = 0;
  std::size_t failed_ = 0;
  std::string understood_{};
};

}  // namespace offhook::bench
