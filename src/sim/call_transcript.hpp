#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace offhook::sim {

/// Who said what and when in one call, read from the server events of either API. Bounded. Control
/// thread.
class CallTranscript {
 public:
  /// @param at_ms  When the event was sent, on the clock of the call.
  void on_event(const boost::json::object& event, double at_ms);
  /// The words of a turn of a Realtime session, whether or not an event tells them.
  void on_heard(const std::string& item_id, std::string_view words, double at_ms);

  /// In the order in which they began: `who` (caller or model), `text`, `at_ms`, and
  /// `interrupted` with `heard_ms` for what the caller cut short.
  [[nodiscard]] boost::json::array describe() const;
  /// Lines that were dropped, the oldest ones.
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

 private:
  struct Line {
    std::string who;
    std::string text;
    double at_ms = 0;
    std::string item_id{};
    bool open = false;  ///< Deltas of a Live session follow.
    bool interrupted = false;
    std::int64_t heard_ms = 0;
  };

  static constexpr std::size_t most_lines = 500;
  static constexpr std::size_t longest_line = 4'000;
  static constexpr std::size_t most_begun = 64;

  void insert(Line line);
  void append_delta(std::string_view who, std::string_view delta, double at_ms);
  void begin(std::string id, double at_ms);
  [[nodiscard]] double begun(const std::string& id, double otherwise) const;

  std::deque<Line> lines_;
  std::unordered_map<std::string, double> begun_;  ///< Turns and responses, by their ids.
  std::uint64_t dropped_ = 0;
};

}  // namespace offhook::sim
