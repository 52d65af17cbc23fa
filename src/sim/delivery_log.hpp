#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include <boost/json/array.hpp>

#include "sim/webhook_sender.hpp"

namespace offhook::sim {

/// The last webhooks of a sim, for people. Control thread.
class DeliveryLog {
 public:
  /// A delivery begins. @return its number, for `note`.
  std::uint64_t begin(std::string webhook_id,
                      std::string type,
                      std::string call_id,
                      std::string endpoint_id,
                      std::int64_t unix_now);
  void note(std::uint64_t number, const DeliveryAttempt& attempt);

  /// Newest last: webhook_id, type, call_id, endpoint_id, created_at, attempts, status, problem and
  /// delivered.
  [[nodiscard]] boost::json::array describe() const;

 private:
  struct Entry {
    std::uint64_t number = 0;
    std::string webhook_id;
    std::string type;
    std::string call_id;
    std::string endpoint_id;
    std::int64_t created_at = 0;
    int attempts = 0;
    int delivered = 0;
    int status = 0;
    std::string problem{};
  };

  static constexpr std::size_t kept = 200;
  std::deque<Entry> entries_;
  std::uint64_t last_number_ = 0;
};

}  // namespace offhook::sim
