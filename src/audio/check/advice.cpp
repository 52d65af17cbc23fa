#include "audio/check/advice.hpp"

#include <cmath>

namespace offhook::audio {
namespace {

// Where it begins to be heard, or to be in the way of the canceller; docs/devices.md.
constexpr double dead_microphone_dbfs = -90;
constexpr double noisy_dbfs = -45;
constexpr double distorted_db = -20;  // a tenth of the amplitude
constexpr double loud_echo_dbfs = -15;
constexpr double audible_echo_dbfs = -50;
constexpr double faint_echo_gain_db = -50;
constexpr double long_round_trip_ms = 250;
constexpr double much_drift_ppm = 200;

/// Nothing of what was played came back.
Advice without_sound(const CheckFigures& figures) {
  if (figures.noise_dbfs < dead_microphone_dbfs) {
    return {
        "no_sound",
        "no sound came back, and the microphone gives silence: is it muted, or not plugged in?"};
  }
  if (figures.server_cancels_echo) {
    return {"no_echo", "no echo found: the sound server takes it out", false};
  }
  return {"no_echo",
          "headset: no echo found. Did you not hear the sweeps? Then the loudspeaker is muted, or "
          "another one is used: see offhook devices",
          false};
}

void add_levels(const CheckFigures& figures, std::vector<Advice>& list) {
  if (figures.distortion_db > distorted_db) {
    list.push_back({"loudspeaker_clips",
                    "volume too high: the loudspeaker clips; turn it down until this is gone"});
  }
  if (figures.clipped > 0) {
    list.push_back({"microphone_clips",
                    "the microphone clips: turn its gain down, or move it from the loudspeaker"});
  } else if (figures.echo_dbfs > loud_echo_dbfs) {
    list.push_back({"echo_loud",
                    "the loudspeaker is very loud in the microphone: turn it down, or move the "
                    "microphone away"});
  }
}

void add_echo(const CheckFigures& figures, std::vector<Advice>& list) {
  if (figures.server_cancels_echo) {
    list.push_back(
        {"server_cancels_echo", "the sound server cancels the echo; ours steps aside", false});
  } else if (figures.echo_gain_db < faint_echo_gain_db) {
    list.push_back({"echo_faint", "hardly any echo: a headset, or a quiet loudspeaker", false});
  }
  if (figures.echo_after_dbfs > audible_echo_dbfs &&
      figures.echo_after_dbfs > figures.noise_dbfs + 6) {
    list.push_back({"echo_remains",
                    "echo remains after the canceller: the model may interrupt itself; turn the "
                    "loudspeaker down, or use a headset"});
  }
}

void add_timing(const CheckFigures& figures, std::vector<Advice>& list) {
  if (figures.gaps > 0 || figures.jumps > 0) {
    list.push_back({"gaps",
                    "sound was lost on its way: is the machine busy? End other programs, or use a "
                    "cable instead of Bluetooth"});
  }
  if (figures.round_trip_ms > long_round_trip_ms) {
    list.push_back({"delay_long",
                    "the way through the devices takes long, as Bluetooth does: a cable makes the "
                    "conversation faster"});
  }
  if (std::abs(figures.drift_ppm) > much_drift_ppm) {
    list.push_back({"drift",
                    "the clocks of microphone and loudspeaker differ much: two devices of one make "
                    "work better together"});
  }
}

}  // namespace

std::vector<Advice> advise(const CheckFigures& figures) {
  std::vector<Advice> list;
  if (figures.sound_found) {
    add_levels(figures, list);
    add_echo(figures, list);
    add_timing(figures, list);
  } else {
    list.push_back(without_sound(figures));
  }
  if (figures.noise_dbfs > noisy_dbfs) {
    list.push_back({"noisy", "the room is loud, or the microphone's gain is too high"});
  }
  bool problem = false;
  for (const Advice& advice : list) {
    problem = problem || advice.problem;
  }
  if (!problem && figures.sound_found) {
    list.push_back({"good", "nothing to change", false});
  }
  return list;
}

}  // namespace offhook::audio
