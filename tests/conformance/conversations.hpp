#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace offhook::conformance {

/// Which responses belong to no conversation: those that a controller asked for out of band, and no
/// other. Fed with both directions of its sockets.
class Conversations {
 public:
  /// What the controller sent.
  void asked(std::string_view client_event);
  /// What is wrong with the conversation of a response that a server event tells of.
  [[nodiscard]] std::vector<std::string> mismatches(const boost::json::value& event);
  /// Fails the running test case for every mismatch.
  void check(const boost::json::value& event);

 private:
  int awaited_ = 0;  ///< Asked for out of band, and not begun.
  std::set<std::string, std::less<>> out_of_band_{};
};

}  // namespace offhook::conformance
