#pragma once

#include <cstdint>
#include <vector>

#include "audio/codec.hpp"
#include "base/error.hpp"
#include "media/jitter_buffer_kind.hpp"
#include "network.hpp"

namespace offhook::bench {

/// What is sent through which buffer.
struct Setup {
  media::JitterBufferKind buffer = media::default_jitter_buffer;
  audio::CodecId codec = audio::CodecId::pcmu;
  int expected_loss_percent = 0;  ///< Told to the encoder: from 3 on it adds FEC.
  int seconds = 40;
  double phase_ms = 10;  ///< Of the 20 ms raster of playing against an undelayed packet.
  std::uint64_t seed = 3;
};

/// What came of it.
struct Outcome {
  double concealed_percent = 0;  ///< Of the frames sent, up to the last packet.
  double added_ms = 0;           ///< Mean, beyond network, 20 ms of packet and codec.
  double added_p95_ms = 0;
  double first_minute_ms = 0;  ///< Mean added delay in the first and in the last minute.
  double last_minute_ms = 0;
  double cpu_us = 0;  ///< A frame of 20 ms, decoder included.
};

/// Talks through the network into the buffer, in simulated time, and reads the delay off what
/// comes out, by correlation with what was said.
[[nodiscard]] Result<Outcome> run(const Network& network, const Setup& setup);

}  // namespace offhook::bench
