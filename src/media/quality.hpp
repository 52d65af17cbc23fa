#pragma once

#include "audio/codec.hpp"
#include "media/engine.hpp"

namespace offhook::media {

/// How a call can be expected to sound to a person, after the E-model (ITU-T G.107).
struct Quality {
  double r_factor = 0;  ///< 0 to 93.2; 80 and more satisfies, below 60 nearly all complain.
  double mos = 1;       ///< 1 to 4.5, of `r_factor`.
};

/// What the E-model is asked about.
struct Impairment {
  double loss_percent = 0;  ///< Of frames, after the jitter buffer and FEC.
  double delay_ms = 0;      ///< One way, from mouth to ear.
  double codec_ie = 0;      ///< Equipment impairment without loss (G.113 Appendix I).
  double codec_bpl =
      25.1;  ///< Robustness against loss: 25.1 is G.711 with concealment, 4.3 without.
};

/// R = 93.2 - Id(delay) - Ie,eff(loss), all else at its default. The simplified Id of G.107 for
/// calls without echo: 0.024 d, and 0.11 (d - 177.3) more above 177.3 ms.
[[nodiscard]] Quality estimate_quality(const Impairment& impairment) noexcept;

/// Of what a stream received between two snapshots. The delay is half the round trip, one packet,
/// the jitter buffer and the codec; sound devices are not known here. G.107 knows neither Opus nor
/// G.722 on its scale of narrow-band telephony: they count as G.711 does, so that their wider band
/// earns nothing.
[[nodiscard]] Quality estimate_quality(const StreamStats& before,
                                       const StreamStats& now,
                                       audio::CodecId codec) noexcept;

/// Made-up frames of the played ones between two snapshots, in percent.
[[nodiscard]] double concealed_percent(const StreamStats& before, const StreamStats& now) noexcept;

}  // namespace offhook::media
