#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offhook::sim {

/// Takes a stream of server-sent events (WHATWG HTML, 9.2) apart, in whatever pieces it arrives.
/// Only the data of the events count.
class EventStream {
 public:
  /// @return the data of every event that is whole by now.
  [[nodiscard]] std::vector<std::string> feed(std::string_view piece);
  /// The stream is over. @return the data of an event that nothing ended.
  [[nodiscard]] std::optional<std::string> finish();

 private:
  void take_line(std::string_view line, std::vector<std::string>& whole);

  std::string line_;  ///< Not ended yet.
  std::optional<std::string> data_{};
};

}  // namespace offhook::sim
