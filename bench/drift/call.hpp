#pragma once

#include <cstdint>
#include <vector>

#include "audio/device/clock_bridge.hpp"
#include "base/error.hpp"
#include "media/engine.hpp"

namespace offhook::bench {

/// Clocks of one call, against that of the machine that it runs on.
struct Clocks {
  double device_ppm = 0;  ///< Positive: the device is faster.
  double peer_ppm = 0;
};

struct Setup {
  Clocks clocks{};
  media::JitterBufferKind buffer = media::default_jitter_buffer;
  int seconds = 3'600;
};

/// The delay of each mark, in its order.
struct Way {
  std::vector<double> delay_ms;
  std::size_t said = 0;  ///< Marks that were said; the last one may still be on its way.
};

struct Outcome {
  Way microphone_to_wire;
  Way wire_to_loudspeaker;
  audio::BridgeStats capture;
  audio::BridgeStats playback;
  std::uint64_t far_skips = 0;
  media::StreamStats stream{};
};

/// A call with all that sound goes through between an RTP packet and the device: receiver with
/// jitter buffer, SoundPath in its three threads' turns, encoder. Only the device, the network and
/// the peer are simulated, and the time; the same in every run.
[[nodiscard]] Result<Outcome> call(const Setup& setup);

}  // namespace offhook::bench
