#pragma once

#include <cstddef>
#include <string>

#include "openai/webhook_receiver.hpp"
#include "serve/prometheus.hpp"

namespace offhook::serve {

/// What happened since the start, for /metrics. One executor.
struct Metrics {
  LabelledCounter calls;     ///< Ended ones, by outcome.
  LabelledCounter webhooks;  ///< By what was done about them.
  LabelledCounter errors;    ///< By cause.
  Histogram duration_s{{1, 5, 15, 30, 60, 120, 300, 600, 1'200, 2'400, 3'600, 7'200}};
  Histogram accept_s{{0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1}};  ///< Our own part.
  Histogram setup_s{{0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10}};
  Histogram first_audio_s{{0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10}};
  Histogram turn_s{{0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5}};
  Histogram tool_s{{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}};
  std::uint64_t input_tokens = 0;
  std::uint64_t output_tokens = 0;
  double live_seconds = 0;
  std::uint64_t clock_steps = 0;  ///< Times that the wall clock was set.
};

/// What is the case right now.
struct Gauges {
  std::size_t live_calls = 0;
  std::size_t held_offers = 0;
  std::size_t followers = 0;  ///< Of event streams.
  bool draining = false;
  bool journal_ok = true;
  std::size_t journal_queue = 0;
  std::uint64_t journal_commits = 0;
  std::uint64_t journal_writes = 0;
  std::uint64_t journal_failures = 0;
  std::uint64_t journal_outages = 0;
  double journal_down_s = 0;
  double clock_offset_s = 0;   ///< By how much it was set since the start, in all.
  bool clock_doubted = false;  ///< Webhooks are refused because of their time since it was set.
  openai::WebhookCounts webhooks{};
};

/// The answer of /metrics.
[[nodiscard]] std::string prometheus_text(const Metrics& metrics, const Gauges& gauges);

}  // namespace offhook::serve
