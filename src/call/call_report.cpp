#include "call/call_report.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "media/quality.hpp"

namespace offhook::call {
namespace {

namespace json = boost::json;

struct Step {
  std::string_view source;
  std::string_view mark;
  std::string_view name;  ///< In the summary.
  std::string_view text;  ///< On the screen.
};

constexpr std::array setup_steps{
    Step{"sip", "invite.sent", "invite_sent", "INVITE sent"},
    Step{"sip", "trying", "trying", "100 Trying"},
    Step{"webhook", "received", "webhook", "webhook"},
    Step{"rest", "accepted", "accepted", "accept answered"},
    Step{"sideband", "attached", "sideband_attached", "sideband attached"},
    Step{"sideband", "session.created", "session_created", "session.created"},
    Step{"sip", "answered", "answered", "200 OK"},
    Step{"media", "rtp.first_sent", "first_rtp_sent", "first RTP sent"},
    Step{"media", "rtp.first_received", "first_rtp_received", "first RTP received"},
    Step{"sideband", "output_audio_buffer.started", "first_speech", "model begins to speak"},
    Step{"rest", "placed", "placed", "call placed"},
    Step{"call", "ringing", "ringing", "ringing"},
    Step{"call", "answered", "picked_up", "answered"},
    Step{"sideband", "session.output_transcript.delta", "first_words", "model begins to speak"},
};

double loss_percent(const media::StreamStats& rtp) {
  const double expected = static_cast<double>(rtp.packets_received + rtp.packets_lost);
  return expected > 0 ? 100.0 * static_cast<double>(rtp.packets_lost) / expected : 0;
}

/// Of the whole call.
media::Quality quality_of(const CallReport& report) {
  return media::estimate_quality({}, report.rtp,
                                 audio::codec_by_name(report.codec).value_or(audio::CodecId::pcmu));
}

}  // namespace

void SetupTimes::on_mark(const Mark& mark) {
  for (const Step& step : setup_steps) {
    if (step.source == mark.source && step.mark == mark.name) {
      const auto known = std::ranges::find(steps_, step.name, &decltype(steps_)::value_type::first);
      if (known == steps_.end()) {
        steps_.emplace_back(step.name, mark.at_ms);
        // Other threads tell what they saw a little later than the control thread its own.
        std::ranges::stable_sort(steps_, {}, &decltype(steps_)::value_type::second);
      }
    }
  }
}

json::object to_json(const SetupTimes& setup) {
  json::object steps;
  for (const auto& [name, at_ms] : setup.steps()) {
    steps[name] = at_ms;
  }
  return steps;
}

json::array to_json(const std::vector<agent::TranscriptLine>& transcript) {
  json::array lines;
  for (const agent::TranscriptLine& line : transcript) {
    lines.push_back(to_json(line));
  }
  return lines;
}

std::string to_text(const SetupTimes& setup) {
  std::string text;
  double previous = 0;
  for (const auto& [name, at_ms] : setup.steps()) {
    const auto step = std::ranges::find(setup_steps, name, &Step::name);
    text += fmt::format("  {:<22} {:>9.1f} ms  {:>+9.1f}\n", step->text, at_ms, at_ms - previous);
    previous = at_ms;
  }
  return text;
}

json::object to_json(const audio::DeviceStats& device) {
  return {{"backend", device.backend},
          {"echo_canceller", device.echo_canceller},
          {"capture_gaps", device.capture.underruns + device.device.capture_gaps},
          {"playback_gaps", device.playback.underruns + device.device.playback_gaps},
          {"dropped", device.capture.overruns + device.playback.overruns},
          {"interruptions", device.device.interruptions},
          {"capture_drift_ppm", device.capture.drift_ppm},
          {"playback_drift_ppm", device.playback.drift_ppm},
          {"capture_delay_ms", device.capture.delay_ms},
          {"playback_delay_ms", device.playback.delay_ms},
          {"capture_burst_ms", device.capture.burst_ms},
          {"erle_db", device.erle_db},
          {"echo_delay_ms", device.echo_delay_ms},
          {"echo_reference_jumps", device.far_skips}};
}

json::object to_json(const CallReport& report) {
  const media::StreamStats& rtp = report.rtp;
  json::object rtp_json{{"sent", rtp.packets_sent},           {"received", rtp.packets_received},
                        {"lost", rtp.packets_lost},           {"late", rtp.packets_late},
                        {"discarded", rtp.packets_discarded}, {"srtp_failures", rtp.srtp_failures},
                        {"jitter_ms", rtp.jitter_ms},         {"concealed", rtp.frames_concealed},
                        {"played", rtp.frames_played},        {"buffer_ms", rtp.buffer_ms}};
  // -1 stands for "the peer never told": in JSON that is null.
  // Parentheses: braces would make it an array.
  const auto or_null = [](double value) {
    return value < 0 ? json::value(nullptr) : json::value(value);
  };
  rtp_json["round_trip_ms"] = or_null(rtp.round_trip_ms);
  rtp_json["remote_loss_percent"] = or_null(rtp.remote_loss_percent);
  rtp_json["remote_jitter_ms"] = or_null(rtp.remote_jitter_ms);
  if (rtp.frames_played > 0) {
    const media::Quality quality = quality_of(report);
    rtp_json["concealed_percent"] = media::concealed_percent({}, rtp);
    rtp_json["r_factor"] = quality.r_factor;
    rtp_json["mos_estimate"] = quality.mos;
  } else {
    rtp_json["concealed_percent"] = rtp_json["r_factor"] = rtp_json["mos_estimate"] = nullptr;
  }
  rtp_json["buffer_target_ms"] = rtp.buffer_target_ms;
  rtp_json["buffer_resets"] = rtp.buffer_resets;
  rtp_json["fec"] = rtp.fec;
  return {{"result", to_string(report.ending.result)},
          {"exit_code", exit_code(report.ending.result)},
          {"reason", report.ending.reason},
          {"call_id", report.call_id},
          {"sip_call_id", report.sip_call_id},
          {"codec", report.codec},
          {"srtp", report.srtp},
          {"duration_ms", report.duration_ms},
          {"setup_ms", to_json(report.setup)},
          {"rtp", std::move(rtp_json)},
          {"malformed_events", report.malformed_events},
          {"recording_frames_dropped", report.recording_frames_dropped},
          {"failed_files", json::array(report.failed_files.begin(), report.failed_files.end())},
          {"device", report.device ? json::value(to_json(*report.device)) : json::value(nullptr)},
          {"transcript", to_json(report.transcript)}};
}

std::string to_text(const CallReport& report) {
  std::string text = fmt::format("\nCall ended: {}", to_string(report.ending.result));
  text += '\n';
  text += to_text(report.setup);
  for (const std::string& path : report.failed_files) {
    text += fmt::format("  {:<22} {}: it could not be written any further, is the disk full?\n",
                        "recording is cut off", path);
  }
  if (!report.codec.empty()) {
    const media::StreamStats& rtp = report.rtp;
    text += fmt::format("  {:<22} {}, {}, {:.1f} s\n", "media", report.codec,
                        report.srtp == "off" ? "plain RTP (not encrypted)" : "SRTP " + report.srtp,
                        report.duration_ms / 1'000);
    text +=
        fmt::format("  {:<22} {} sent, {} received, {} lost ({:.1f} %)\n", "packets",
                    rtp.packets_sent, rtp.packets_received, rtp.packets_lost, loss_percent(rtp));
    text += fmt::format(
        "  {:<22} jitter {:.1f} ms, buffer {:.0f} ms, {} of {} frames concealed ({:.1f} %)\n",
        "receiving", rtp.jitter_ms, rtp.buffer_ms, rtp.frames_concealed, rtp.frames_played,
        media::concealed_percent({}, rtp));
    if (rtp.round_trip_ms >= 0) {
      text += fmt::format("  {:<22} round trip {:.1f} ms, loss {:.1f} %\n", "peer's RTCP report",
                          rtp.round_trip_ms, std::max(0.0, rtp.remote_loss_percent));
    }
    if (rtp.frames_played > 0) {
      const media::Quality quality = quality_of(report);
      text += fmt::format("  {:<22} R {:.0f} of 93, estimated (G.107), as MOS {:.1f}\n", "quality",
                          quality.r_factor, quality.mos);
    }
  }
  return text;
}

}  // namespace offhook::call
