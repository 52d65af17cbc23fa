#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "agent/transcript.hpp"
#include "audio/device/device.hpp"
#include "base/timeline.hpp"
#include "call/call_result.hpp"
#include "media/engine.hpp"

namespace offhook::call {

/// When each step of the set-up was reached, read from the timeline: the first mark of its kind.
class SetupTimes {
 public:
  void on_mark(const Mark& mark);
  /// Step names and ms since the call began, by time.
  [[nodiscard]] const std::vector<std::pair<std::string, double>>& steps() const { return steps_; }

 private:
  std::vector<std::pair<std::string, double>> steps_;
};

/// What is left of a call when it is over.
struct CallReport {
  Ending ending;
  std::string call_id;      ///< OpenAI's; empty when no webhook came.
  std::string sip_call_id;  ///< Call-ID of the last INVITE.
  std::string codec;        ///< "opus", "PCMU", …; empty when not answered.
  std::string srtp;         ///< Crypto suite, or "off" for plain RTP; empty when not answered.
  SetupTimes setup;
  media::StreamStats rtp;
  double duration_ms = 0;  ///< From the answer to the end.
  std::vector<agent::TranscriptLine> transcript;
  std::uint64_t malformed_events = 0;  ///< Sideband messages that were no events.
  std::uint64_t recording_frames_dropped = 0;
  std::vector<std::string> failed_files;     ///< Sound files that took no more before the end.
  std::optional<audio::DeviceStats> device;  ///< While the call was up; empty without a device.
};

/// For summaries: step to ms, and the lines as objects.
[[nodiscard]] boost::json::object to_json(const SetupTimes& setup);
[[nodiscard]] boost::json::array to_json(const std::vector<agent::TranscriptLine>& transcript);
/// One line per step.
[[nodiscard]] std::string to_text(const SetupTimes& setup);

/// As summary and timeline have it; the field names are documented in docs/files.md.
[[nodiscard]] boost::json::object to_json(const audio::DeviceStats& device);

/// The `--summary` file; the field names are documented in docs/files.md.
[[nodiscard]] boost::json::object to_json(const CallReport& report);

/// The same on one screen for people.
[[nodiscard]] std::string to_text(const CallReport& report);

}  // namespace offhook::call
