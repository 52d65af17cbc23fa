#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/timeline.hpp"
#include "serve/metrics.hpp"

namespace offhook::serve {

/// Reads the times that people ask for off the events and marks of one call, of either API: first
/// sound, silence between a turn and its answer, time of tools; and counts its errors. Pure.
class CallMeter {
 public:
  explicit CallMeter(Metrics& metrics) : metrics_{metrics} {}

  void on_mark(const Mark& mark);
  /// @param lost  The sideband was given up, although the call may be up.
  void on_end(bool lost);
  /// @param type  Of the event in `json`.
  void on_message(std::string_view direction,
                  std::string_view type,
                  std::string_view json,
                  double at_ms);

 private:
  void on_sideband_mark(std::string_view name);
  void on_received(std::string_view type, std::string_view json, double at_ms);
  void on_audible(double at_ms);
  void on_tool_asked(std::string_view json, double at_ms);
  void on_tool_answered(std::string_view json, double at_ms);

  Metrics& metrics_;
  std::optional<double> accept_sent_ms_{};
  bool attached_ = false;
  bool heard_ = false;
  std::optional<double> turn_ended_ms_{};
  std::unordered_map<std::string, double> tools_{};  ///< By function call id: when asked.
  /// Since the sideband was there last. At the end of a call it drops, too, and that is no error.
  std::uint64_t drops_ = 0;
  std::uint64_t attach_failures_ = 0;
};

}  // namespace offhook::serve
