// How long a call's sound takes between the devices and the wire, by correlation.
//
// The sound server has two sinks: `room`, whose monitor is the phone's microphone, and `spk`, its
// loudspeaker. This program is the mouth that plays into `room`, the ear that listens to `spk`, and
// the other end of the wire. In between is what a call is made of: CallAudio and a media stream.
// A second microphone beside the phone's tells when the words are in the room: a server may hold
// them for the mouth's own stream, as no mouth does.
// tests/interop/devices_test.py starts such servers and runs this.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <future>
#include <optional>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "audio/check/check_run.hpp"
#include "audio/resampler.hpp"
#include "audio/similarity.hpp"
#include "audio/speech.hpp"
#include "call/call_audio.hpp"
#include "media/engine.hpp"
#include "wire_peer.hpp"

namespace audio = offhook::audio;
namespace media = offhook::media;

namespace {

using Samples = std::vector<std::int16_t>;

constexpr int wire_hz = WirePeer::rate_hz;
constexpr double settle_s = 4;
constexpr double talk_s = 8;
constexpr double window_s = 2;
constexpr double most_delay_s = 0.5;

struct Arguments {
  std::string backend;        ///< Of the mouth and the ear.
  std::string phone_backend;  ///< Of what is measured.
  std::string room = "room";
  std::string speaker = "spk";
  std::string microphone = "room.monitor";
  std::string echo;
  double extra_s = 0;
  bool default_devices = false;
  bool verbose = false;
};

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "latency_bench: {}\n", why);
  std::exit(1);
}

/// Words, `begin_s` after the beginning, for `talk_s`.
Samples words(const char* text, const char* voice, int rate_hz, double begin_s, double end_s) {
  auto speech = audio::speak(text, voice, rate_hz);
  if (!speech || speech->sound.samples.empty()) {
    give_up("no speech");
  }
  Samples samples(static_cast<std::size_t>(end_s * rate_hz));
  const auto begin = static_cast<std::size_t>(begin_s * rate_hz);
  const auto end = begin + static_cast<std::size_t>(talk_s * rate_hz);
  for (std::size_t i = begin; i < std::min(end, samples.size()); ++i) {
    samples[i] = speech->sound.samples[(i - begin) % speech->sound.samples.size()];
  }
  return samples;
}

struct Delays {
  std::vector<double> ms;  ///< One for each window in which the sound was found.
  [[nodiscard]] double median() const {
    auto sorted = ms;
    std::ranges::sort(sorted);
    return sorted.empty() ? -1 : sorted[sorted.size() / 2];
  }
  [[nodiscard]] double most() const { return ms.empty() ? -1 : std::ranges::max(ms); }
};

/// @param said,heard  Both at 8 kHz, with the time of their first sample.
Delays find(const WirePeer::Stream& said, const WirePeer::Stream& heard, double begin_s) {
  Delays delays;
  const auto window = static_cast<std::ptrdiff_t>(window_s * wire_hz);
  const auto range = static_cast<std::ptrdiff_t>(most_delay_s * wire_hz);
  for (double at_s = begin_s; at_s + window_s <= begin_s + talk_s; at_s += window_s) {
    const auto at = static_cast<std::ptrdiff_t>(at_s * wire_hz);
    const auto expected = at + std::lround((said.began_ms - heard.began_ms) * wire_hz / 1'000);
    if (expected < 0 || expected + window + range > std::ssize(heard.samples)) {
      continue;
    }
    const auto found = audio::best_alignment(
        std::span{said.samples}.subspan(static_cast<std::size_t>(at),
                                        static_cast<std::size_t>(window)),
        std::span{heard.samples}.subspan(static_cast<std::size_t>(expected),
                                         static_cast<std::size_t>(window + range)),
        static_cast<std::size_t>(range));
    if (found.correlation > 0.4) {
      delays.ms.push_back(static_cast<double>(found.lag_samples + expected - at) * 1'000 / wire_hz +
                          heard.began_ms - said.began_ms);
    }
  }
  return delays;
}

WirePeer::Stream at_8_khz(const Samples& samples, double began_ms) {
  return {audio::resample(samples, audio::device_rate_hz, wire_hz).value(), began_ms};
}

/// Round trip of this program alone through one sink, that is in the other figures too.
double own_round_trip(const Arguments& arguments, const std::string& sink) {
  audio::CheckSignal signal;
  signal.samples = words("One two three four five six seven eight nine ten eleven.", "rms",
                         audio::device_rate_hz, 1, 1 + talk_s);
  const auto recording = audio::record_check(
      {.microphone = sink + ".monitor", .loudspeaker = sink, .backend = arguments.backend}, signal);
  if (!recording) {
    give_up(recording.error().detail);
  }
  return find(at_8_khz(signal.samples, recording->play_began_ms),
              at_8_khz(recording->heard, recording->heard_began_ms), 1)
      .median();
}

offhook::call::AudioOptions near_side(const Arguments& arguments) {
  offhook::call::AudioOptions options;
  options.backend = arguments.phone_backend;
  if (!arguments.default_devices) {
    options.microphone = arguments.microphone;
    options.loudspeaker = arguments.speaker;
  }
  if (!arguments.echo.empty()) {
    options.voice.engine = audio::voice_engine_from_name(arguments.echo).value();
  }
  return options;
}

void print(const char* name, const Delays& delays, double own_ms) {
  fmt::print(
      R"({{"way":"{}","median_ms":{:.1f},"most_ms":{:.1f},"windows":{},"own_round_trip_ms":{:.1f},"each_ms":[{:.1f}]}})"
      "\n",
      name, delays.median(), delays.most(), delays.ms.size(), own_ms, fmt::join(delays.ms, ","));
}

/// What a second microphone hears while the bench runs.
audio::CheckRecording listen_beside(const Arguments& arguments, std::size_t samples) {
  audio::CheckSignal silence;
  silence.samples.resize(samples);
  auto recorded = audio::record_check({.microphone = arguments.microphone,
                                       .loudspeaker = arguments.speaker,
                                       .backend = arguments.backend},
                                      silence);
  if (!recorded) {
    give_up(recorded.error().detail);
  }
  return std::move(*recorded);
}

/// What waits on the phone's side, once a second.
class Watch {
 public:
  Watch(const audio::Device& device, bool wanted) : device_{device} {
    if (wanted) {
      thread_ = std::thread{[this] { run(); }};
    }
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() {
    stop_ = true;
    if (thread_.joinable()) {
      thread_.join();
    }
  }

 private:
  void run() {
    for (int i = 0; !stop_; ++i) {
      const audio::DeviceStats stats = device_.stats();
      fmt::print(
          R"({{"s":{},"capture_ms":{:.1f},"burst_ms":{:.1f},"ppm":{:.0f},"underruns":{},"dropped":{},"gaps":{},"playback_ms":{:.1f},"playback_burst_ms":{:.1f},"playback_underruns":{}}})"
          "\n",
          i, stats.capture.delay_ms, stats.capture.burst_ms, stats.capture.drift_ppm,
          stats.capture.underruns, stats.capture.overruns, stats.device.capture_gaps,
          stats.playback.delay_ms, stats.playback.burst_ms, stats.playback.underruns);
      std::this_thread::sleep_for(std::chrono::seconds{1});
    }
  }

  const audio::Device& device_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

void run(const Arguments& arguments) {
  const double own_room_ms = own_round_trip(arguments, arguments.room);
  const double own_speaker_ms = own_round_trip(arguments, arguments.speaker);

  // First the person talks, then the model: together, the canceller would work on the sounds.
  const double model_s = settle_s + talk_s + 1 + arguments.extra_s;
  const double end_s = model_s + talk_s + 1;
  audio::CheckSignal mouth;
  mouth.samples =
      words("I would like to know how long my words take from here to the wire, please.", "rms",
            audio::device_rate_hz, settle_s, end_s);
  WirePeer peer{words("These are the words of the other side, on their way to your ear.", "slt",
                      wire_hz, model_s, end_s)};

  auto near = offhook::call::CallAudio::open(near_side(arguments));
  if (!near) {
    give_up(near.error().detail);
  }
  auto engine = media::Engine::start().value();
  auto sockets = media::MediaSockets::bind("127.0.0.1").value();
  peer.start(sockets.rtp_port());
  std::optional<audio::CheckRecording> ear;
  audio::CheckRecording room;
  {
    auto stream = engine
                      ->add(std::move(sockets),
                            {.remote_address = "127.0.0.1",
                             .remote_port = peer.port(),
                             .audio_rate_hz = (*near)->rate_hz()},
                            **near)
                      .value();
    const Watch watch{*(*near)->device(), arguments.verbose};
    auto beside = std::async(std::launch::async, listen_beside, arguments, mouth.samples.size());
    auto recorded = audio::record_check({.microphone = arguments.speaker + ".monitor",
                                         .loudspeaker = arguments.room,
                                         .backend = arguments.backend},
                                        mouth);
    if (!recorded) {
      give_up(recorded.error().detail);
    }
    ear = std::move(*recorded);
    room = beside.get();
    const audio::DeviceStats stats = (*near)->device()->stats();
    const media::StreamStats rtp = stream.stats();
    fmt::print(
        R"({{"backend":"{}","capture_underruns":{},"playback_underruns":{},"dropped":{},"device_gaps":{},"capture_wait_ms":{:.1f},"playback_wait_ms":{:.1f},"jitter_buffer_ms":{:.1f},"capture_ppm":{:.0f},"playback_ppm":{:.0f}}})"
        "\n",
        stats.backend, stats.capture.underruns, stats.playback.underruns,
        stats.capture.overruns + stats.playback.overruns,
        stats.device.capture_gaps + stats.device.playback_gaps, stats.capture.delay_ms,
        stats.playback.delay_ms, rtp.buffer_ms, stats.capture.drift_ppm, stats.playback.drift_ppm);
  }
  peer.stop();
  print("mouth_to_wire",
        find(at_8_khz(mouth.samples, ear->play_began_ms), peer.received(), settle_s), own_room_ms);
  print("microphone_to_wire",
        find(at_8_khz(room.heard, room.heard_began_ms), peer.received(), settle_s), 0);
  print("wire_to_ear", find(peer.sent(), at_8_khz(ear->heard, ear->heard_began_ms), model_s),
        own_speaker_ms);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Delay between sound devices and wire"};
  Arguments arguments;
  app.add_option("--backend", arguments.backend, "of the bench's own mouth and ear");
  app.add_option("--phone-backend", arguments.phone_backend, "of what is measured");
  app.add_option("--room", arguments.room, "sink whose monitor is the microphone");
  app.add_option("--speaker", arguments.speaker, "sink that is the loudspeaker");
  app.add_option("--mic", arguments.microphone, "the microphone");
  app.add_option("--echo", arguments.echo, "dual, aec3, speex or off");
  app.add_option("--wait", arguments.extra_s, "seconds between person and model");
  app.add_flag("--default-devices", arguments.default_devices,
               "what is measured has the system's defaults, because it cannot name others");
  app.add_flag("--verbose", arguments.verbose, "what waits in the phone, every second");
  CLI11_PARSE(app, argc, argv);
  run(arguments);
  return 0;
}
