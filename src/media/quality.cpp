#include "media/quality.hpp"

#include <algorithm>

namespace offhook::media {
namespace {

constexpr double packet_ms = 20;
constexpr double opus_look_ahead_ms = 6.5;

double mos_of(double r) {
  if (r <= 0) {
    return 1;
  }
  return std::clamp(1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6, 1.0, 4.5);  // G.107 annex B
}

}  // namespace

Quality estimate_quality(const Impairment& impairment) noexcept {
  constexpr double best = 93.2;
  constexpr double noticed_ms = 177.3;
  const double delay = std::max(impairment.delay_ms, 0.0);
  const double loss = std::clamp(impairment.loss_percent, 0.0, 100.0);
  const double id = 0.024 * delay + 0.11 * std::max(delay - noticed_ms, 0.0);
  const double ie =
      impairment.codec_ie + (95 - impairment.codec_ie) * loss / (loss + impairment.codec_bpl);
  const double r = std::clamp(best - id - ie, 0.0, 100.0);
  return {.r_factor = r, .mos = mos_of(r)};
}

double concealed_percent(const StreamStats& before, const StreamStats& now) noexcept {
  const auto played = now.frames_played - std::min(before.frames_played, now.frames_played);
  const auto made_up =
      now.frames_concealed - std::min(before.frames_concealed, now.frames_concealed);
  return played == 0
             ? 0
             : std::min(100.0, 100 * static_cast<double>(made_up) / static_cast<double>(played));
}

Quality estimate_quality(const StreamStats& before,
                         const StreamStats& now,
                         audio::CodecId codec) noexcept {
  const double codec_ms = codec == audio::CodecId::opus ? opus_look_ahead_ms : 0;
  return estimate_quality(
      {.loss_percent = concealed_percent(before, now),
       .delay_ms = std::max(now.round_trip_ms, 0.0) / 2 + packet_ms + now.buffer_ms + codec_ms});
}

}  // namespace offhook::media
