#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/error.hpp"

namespace offhook::sim {

/// One sideband event of a recorded call.
struct FixtureStep {
  double at_ms = 0;  ///< On the clock of the recording; never before the step before.
  bool from_server = false;
  boost::json::object event;
  std::size_t line = 0;  ///< Of the file, for messages.
  /// Of a server event: the client event, by its index, that it is the answer to.
  std::optional<std::size_t> answers{};
  /// Of `output_audio_buffer.started`: what the caller hears from then on, 16 kHz.
  std::vector<std::int16_t> sound{};
};

/// A recorded call of the Realtime API, to be replayed (docs/sim.md).
struct Fixture {
  std::string name;                     ///< Of its file, without folder and extension.
  boost::json::object session_created;  ///< What a sideband that attaches gets first.
  double attached_ms = 0;               ///< When it came.
  /// Everything after that, and what the client sent before it came.
  std::vector<FixtureStep> steps{};
  std::optional<double> sound_ms{};  ///< When the sound file begins, where the file tells.
};

/// The largest file of events that is read, and the most events in it.
inline constexpr std::size_t largest_fixture = 32U << 20U;
inline constexpr std::size_t most_fixture_steps = 200'000;

/// Reads the lines that `offhook call --events` and `offhook sim --record` write (docs/files.md).
/// @param file  Its path, for messages and the name.
/// @return `malformed_message` naming file and line; `unsupported` for a call of the Live API.
[[nodiscard]] Result<Fixture> parse_fixture(std::string_view text, const std::string& file);

/// Reads files with the sound beside them: NAME.wav, .flac, .opus or .ogg, of which the right
/// channel counts, or the only one. Without one the model is silent.
/// @param paths  Files, or folders whose *.jsonl are read by name.
[[nodiscard]] Result<std::vector<std::shared_ptr<const Fixture>>> load_fixtures(
    const std::vector<std::string>& paths);

}  // namespace offhook::sim
