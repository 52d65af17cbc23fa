#pragma once

namespace offhook::audio {

/// What `dual` does against the weak spots of its two cancellers. All on but to measure what each
/// is worth: `echo_bench --without`.
struct Remedies {
  bool drift = true;        ///< Follow the clocks of the two devices, for both cancellers.
  bool jumps = true;        ///< Look for the delay more often, and keep the filter when it jumps.
  bool loudspeaker = true;  ///< Bend the far signal as an overdriven loudspeaker does.
};

}  // namespace offhook::audio
