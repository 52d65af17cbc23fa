#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "serve/metrics.hpp"

namespace offhook::serve {

/// Reads the times that people ask for off the events of one call, of either API:
/// first sound, silence between a turn and its answer, time of tools. Pure.
class CallMeter {
 public:
  explicit CallMeter(Metrics& metrics) : metrics_{metrics} {}

  void on_accept_sent(double at_ms) { accept_sent_ms_ = at_ms; }
  /// @param type  Of the event in `json`.
  void on_message(std::string_view direction,
                  std::string_view type,
                  std::string_view json,
                  double at_ms);

 private:
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
};

}  // namespace offhook::serve
