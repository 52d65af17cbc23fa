#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "agent/transcript.hpp"
#include "agent/usage.hpp"
#include "call/call_report.hpp"
#include "call/call_result.hpp"

namespace offhook::call {

/// What is left of a call that was placed by a SIP trunk.
struct DialReport {
  Ending ending;
  std::string destination;
  std::string session_id;  ///< Empty when the call was not placed.
  SetupTimes setup;
  double duration_ms = 0;  ///< From the answer to the end.
  std::vector<agent::TranscriptLine> transcript;
  agent::Usage usage;
  std::optional<double> cost;  ///< Estimated, if the agent file has a price.
  std::uint64_t malformed_events = 0;
};

/// The `--summary` file; the field names are documented in docs/files.md.
[[nodiscard]] boost::json::object to_json(const DialReport& report);

/// The same on one screen for people.
[[nodiscard]] std::string to_text(const DialReport& report);

}  // namespace offhook::call
