#include "audio/device/device.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numbers>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <unistd.h>

#include "audio/device/backends.hpp"
#include "audio/device/gap_meter.hpp"
#include "audio/device/sound_path.hpp"
#include "audio/sound_file.hpp"
#include "sounds.hpp"

using offhook::Errc;
using offhook::audio::DeviceInfo;
using offhook::audio::DeviceKind;
using offhook::audio::Frame;
using offhook::audio::SoundPath;
namespace audio = offhook::audio;

namespace {

using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::nanoseconds;

/// A device and a call whose clocks differ, as fast as the machine can.
class TwoClocks {
 public:
  TwoClocks(double device_ppm, int rate_hz, std::unique_ptr<audio::VoiceProcessor> processor = {})
      : TwoClocks{device_ppm, rate_hz, SoundPath::create(rate_hz, std::move(processor)).value()} {}
  TwoClocks(double device_ppm, int rate_hz, std::unique_ptr<SoundPath> path)
      : path_{std::move(path)}, device_step_{0.01 / (1 + device_ppm * 1e-6)}, rate_hz_{rate_hz} {}

  /// @param jitter_s  Lateness of each event; the same in every run.
  void run(double seconds, double jitter_s = 0) {
    const double end = now_ + seconds;
    while (now_ < end) {
      if (device_due_ <= media_due_) {
        now_ = device_due_;
        device(at(now_ + jitter_s * random()));
        device_due_ += device_step_;
      } else {
        now_ = media_due_;
        media(at(now_ + jitter_s * random()));
        media_due_ += 0.02;
      }
    }
  }

  void echo_is_removed(bool removed) { path_->echo_is_removed(removed); }
  void skip_device(double seconds) { device_due_ += seconds; }

  [[nodiscard]] audio::BridgeStats capture() const { return path_->capture_stats(); }
  [[nodiscard]] audio::BridgeStats playback() const { return path_->playback_stats(); }
  audio::testing::Samples played;
  audio::testing::Samples sent;
  bool keep = false;
  bool noise_only = false;  ///< The microphone hears steady noise in place of its tone.

 private:
  static SoundPath::Clock::time_point at(double seconds) {
    return SoundPath::Clock::time_point{} +
           duration_cast<nanoseconds>(duration<double>{1'000 + seconds});
  }
  double random() {
    state_ = state_ * 1'664'525U + 1'013'904'223U;
    return static_cast<double>(state_) / 4'294'967'296.0;
  }

  void device(SoundPath::Clock::time_point now) {
    std::array<std::int16_t, audio::device_block_samples> block{};
    microphone_.fill(block);
    for (std::int16_t& sample : block) {
      sample = noise_only ? static_cast<std::int16_t>(1'000 * random() - 500) : sample;
    }
    path_->captured(block);
    path_->work(now);
    path_->play_at(block, now);
    if (keep) {
      played.insert(played.end(), block.begin(), block.end());
    }
  }

  void media(SoundPath::Clock::time_point now) {
    Frame received;
    received.silence(rate_hz_);
    model_.fill(received.samples());
    Frame to_send;
    path_->exchange(received, to_send, now);
    path_->work(now);
    if (keep) {
      sent.insert(sent.end(), to_send.samples().begin(), to_send.samples().end());
    }
  }

  std::unique_ptr<SoundPath> path_;
  double device_step_;
  int rate_hz_;
  double now_ = 0;
  double device_due_ = 0.003;
  double media_due_ = 0;
  std::uint32_t state_ = 1;
  audio::SineGenerator microphone_{440, 8'000, audio::device_rate_hz};
  audio::SineGenerator model_{300, 8'000, rate_hz_};
};

/// Loudest step between samples that a tone of this amplitude cannot make itself.
int loudest_click(std::span<const std::int16_t> samples, double frequency_hz, int rate_hz) {
  const double steepest = 8'000 * 2 * std::numbers::pi * frequency_hz / rate_hz;
  int loudest = 0;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    const int step = std::abs(samples[i] - samples[i - 1]);
    loudest = std::max(loudest, static_cast<int>(step - steepest));
  }
  return loudest;
}

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "offhook-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] std::string file(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace

TEST_SUITE("path between a device and a call") {
  TEST_CASE("neither grows nor runs dry between clocks that are 300 ppm apart") {
    for (const double ppm : {-300.0, 300.0}) {
      TwoClocks clocks{ppm, 16'000};
      clocks.run(60);
      const double early = clocks.playback().delay_ms;
      clocks.run(240);
      CAPTURE(ppm);
      for (const auto& bridge : {clocks.capture(), clocks.playback()}) {
        CHECK(bridge.underruns == 0);
        CHECK(bridge.overruns == 0);
        CHECK(bridge.delay_ms < 40);
      }
      CHECK(std::abs(clocks.playback().delay_ms - early) < 15);  // where in the block we look
      // The device produces what is captured and consumes what is played.
      CHECK(clocks.capture().drift_ppm == doctest::Approx(ppm).epsilon(0.1));
      CHECK(clocks.playback().drift_ppm == doctest::Approx(-ppm).epsilon(0.1));
    }
  }

  TEST_CASE("stretches without a click") {
    for (const int rate : {8'000, 16'000, 24'000, 48'000}) {
      TwoClocks clocks{200, rate};
      clocks.run(5);  // past the beginning, which is silence
      clocks.keep = true;
      clocks.run(20);
      CAPTURE(rate);
      CHECK(loudest_click(clocks.played, 300, audio::device_rate_hz) < 40);
      CHECK(loudest_click(clocks.sent, 440, rate) < 40);
    }
  }

  TEST_CASE("learns how late the threads are, and then has no more gaps") {
    TwoClocks clocks{50, 24'000};
    clocks.run(120, 0.009);
    const auto capture = clocks.capture().underruns;
    const auto playback = clocks.playback().underruns;
    CHECK(capture + playback < 12);
    clocks.run(200, 0.009);
    CHECK(clocks.capture().underruns - capture <= 1);
    CHECK(clocks.playback().underruns - playback <= 1);
    CHECK(clocks.playback().delay_ms < 60);
  }

  TEST_CASE("survives a device that stands still for a while, without lasting delay") {
    TwoClocks clocks{0, 24'000};
    clocks.run(10);
    clocks.skip_device(2);
    clocks.run(3);
    CHECK(clocks.capture().underruns == 1);
    CHECK(clocks.playback().overruns == 1);
    clocks.run(10);
    CHECK(clocks.playback().delay_ms < 40);
    CHECK(clocks.capture().delay_ms < 40);
  }

  TEST_CASE("gives the voice processor what was played, in step with what was captured") {
    struct Seen {
      int blocks = 0;
      int loud_far = 0;
      bool sizes_fit = true;
    };
    class Spy final : public audio::VoiceProcessor {
     public:
      explicit Spy(Seen& seen) : seen_{seen} {}
      void process(std::span<const std::int16_t> far,
                   std::span<const std::int16_t> near,
                   std::span<std::int16_t> out) noexcept override {
        ++seen_.blocks;
        seen_.sizes_fit = seen_.sizes_fit && far.size() == 160 && near.size() == 160;
        seen_.loud_far += std::ranges::max(far) > 4'000 ? 1 : 0;
        std::ranges::fill(out, std::int16_t{0});
      }
      [[nodiscard]] audio::VoiceProcessorStats stats() const noexcept override { return {}; }

     private:
      Seen& seen_;
    };
    Seen seen;
    TwoClocks clocks{0, 24'000, std::make_unique<Spy>(seen)};
    clocks.keep = true;
    clocks.run(10);
    CHECK(seen.sizes_fit);
    CHECK(seen.blocks >= 995);
    CHECK(seen.loud_far > 980);
    CHECK(std::ranges::max(clocks.sent) == 0);  // all of it went through the processor
  }

  TEST_CASE("uses the processor without cancellation while the server removes the echo") {
    class Level final : public audio::VoiceProcessor {
     public:
      explicit Level(std::int16_t level) : level_{level} {}
      void process(std::span<const std::int16_t> /*far*/,
                   std::span<const std::int16_t> /*near*/,
                   std::span<std::int16_t> out) noexcept override {
        std::ranges::fill(out, level_);
      }
      [[nodiscard]] audio::VoiceProcessorStats stats() const noexcept override { return {}; }

     private:
      std::int16_t level_;
    };
    const auto last_sent = [](TwoClocks& clocks, bool removed) {
      clocks.echo_is_removed(removed);
      clocks.keep = false;
      clocks.run(2);
      clocks.sent.clear();
      clocks.keep = true;
      clocks.run(0.5);
      return std::pair<int, int>{std::ranges::min(clocks.sent), std::ranges::max(clocks.sent)};
    };
    const auto near = [](int level) { return doctest::Approx(level).epsilon(0.02); };
    TwoClocks both{0, 16'000,
                   SoundPath::create(16'000, std::make_unique<Level>(std::int16_t{1'000}),
                                     std::make_unique<Level>(std::int16_t{5'000}))
                       .value()};
    for (const auto& [removed, level] : {std::pair{false, 1'000}, {true, 5'000}, {false, 1'000}}) {
      const auto [lowest, highest] = last_sent(both, removed);
      CHECK(lowest == near(level));
      CHECK(highest == near(level));
    }
    TwoClocks one{0, 16'000, std::make_unique<Level>(std::int16_t{1'000})};
    const auto [lowest, highest] = last_sent(one, true);
    CHECK(lowest == near(-8'000));  // the microphone's tone as it is
    CHECK(highest == near(8'000));
  }

  TEST_CASE("keeps noise suppression while the server removes the echo") {
    const auto noise_db = [](audio::NoiseSuppression strength) {
      TwoClocks clocks{
          0, 16'000,
          SoundPath::create(16'000, audio::VoiceProcessorConfig{.noise_suppression = strength})
              .value()};
      clocks.echo_is_removed(true);
      clocks.noise_only = true;
      clocks.run(8);
      clocks.keep = true;
      clocks.run(4);
      double energy = 1e-9;
      for (const std::int16_t sample : clocks.sent) {
        energy += sample * sample;
      }
      return 10 * std::log10(energy / static_cast<double>(clocks.sent.size()));
    };
    const double bare = noise_db(audio::NoiseSuppression::off);
    CHECK(bare > 40);
    CHECK(noise_db(audio::NoiseSuppression::high) < bare - 6);
  }
}

/// A voice processor that counts where the loudspeaker's sound, a ramp, does not go on.
class RampWatch final : public audio::VoiceProcessor {
 public:
  struct Seen {
    int blocks = 0;
    int breaks = 0;
  };
  explicit RampWatch(Seen& seen) : seen_{seen} {}
  void process(std::span<const std::int16_t> far,
               std::span<const std::int16_t> /*near*/,
               std::span<std::int16_t> out) noexcept override {
    ++seen_.blocks;
    // A triangle of ±2 a sample at 16 kHz: steps beyond that are cuts or holes.
    for (const std::int16_t sample : far) {
      seen_.breaks += std::abs(sample - last_) > 40 ? 1 : 0;
      last_ = sample;
    }
    std::ranges::fill(out, std::int16_t{0});
  }
  [[nodiscard]] audio::VoiceProcessorStats stats() const noexcept override { return {}; }

 private:
  Seen& seen_;
  int last_ = 0;
};

/// Plays a loud triangle in pieces of one size while the microphone is read in pieces of another.
class Pieces {
 public:
  Pieces(std::size_t played, std::size_t captured) : played_{played}, captured_{captured} {}

  void run(int ms) {
    for (int i = 0; i < ms; ++i, ++now_ms_) {
      due_played_ += audio::device_rate_hz / 1'000;
      due_captured_ += audio::device_rate_hz / 1'000;
      if (due_played_ >= played_) {
        due_played_ -= played_;
        std::vector<std::int16_t> block(played_);
        path->play_at(block, now());
      }
      if (due_captured_ >= captured_) {
        due_captured_ -= captured_;
        const std::vector<std::int16_t> block(captured_);
        path->captured(block);
      }
      if (now_ms_ % 20 == 0) {
        send_triangle();
      }
      path->work(now());
    }
  }
  /// The microphone stands still for so long.
  void stall_microphone(int ms) {
    due_captured_ = 0;
    const std::size_t before = std::exchange(captured_, std::size_t{1} << 40U);
    run(ms);
    captured_ = before;
    due_captured_ = 0;
  }

  RampWatch::Seen seen;
  std::unique_ptr<SoundPath> path =
      SoundPath::create(16'000, std::make_unique<RampWatch>(seen)).value();

 private:
  [[nodiscard]] SoundPath::Clock::time_point now() const {
    return SoundPath::Clock::time_point{} + std::chrono::milliseconds{1'000'000 + now_ms_};
  }
  void send_triangle() {
    Frame received;
    received.silence(16'000);
    for (std::int16_t& sample : received.samples()) {
      rising_ = value_ > 15'000 ? false : value_ < -15'000 ? true : rising_;
      value_ += rising_ ? 2 : -2;
      sample = static_cast<std::int16_t>(value_);
    }
    Frame sent;
    path->exchange(received, sent, now());
  }

  std::size_t played_;
  std::size_t captured_;
  std::size_t due_played_ = 0;
  std::size_t due_captured_ = 0;
  int now_ms_ = 0;
  int value_ = 12'000;
  bool rising_ = true;
};

TEST_SUITE("the canceller's reference") {
  TEST_CASE("is not cut, in whatever pieces a server takes the loudspeaker's sound") {
    for (const std::size_t played_ms : {5U, 10U, 25U, 30U, 42U}) {
      CAPTURE(played_ms);
      Pieces pieces{played_ms * 48, 480};
      pieces.run(5'000);  // the beginning may have to settle
      const int before = pieces.seen.breaks;
      pieces.run(30'000);
      CHECK(pieces.path->far_skips() == 0);
      CHECK(pieces.seen.breaks == before);
    }
  }

  TEST_CASE("jumps once after the microphone stood still, and goes on") {
    Pieces pieces{480, 480};
    pieces.run(5'000);
    pieces.stall_microphone(300);
    pieces.run(5'000);
    CHECK(pieces.path->far_skips() == 1);
    const int before = pieces.seen.breaks;
    pieces.run(10'000);
    CHECK(pieces.path->far_skips() == 1);
    CHECK(pieces.seen.breaks == before);
  }
}

TEST_SUITE("gaps by the clock of a server") {
  TEST_CASE("are turns that the clock went through without sound, whatever its rate") {
    for (const double hz : {44'100.0, 48'000.0, 1e9}) {
      CAPTURE(hz);
      audio::GapMeter meter;
      double seconds = 12'345;
      const auto turn = [&](double passed, std::size_t samples) {
        seconds += passed;
        return meter.is_gap(static_cast<std::uint64_t>(seconds * hz), hz, samples);
      };
      CHECK_FALSE(turn(0, 256));
      for (int i = 0; i < 10'000; ++i) {  // pieces that a resampler makes uneven
        REQUIRE_FALSE(turn(256.0 / 48'000, i % 2 == 0 ? 250 : 262));
      }
      CHECK(turn(4 * 256.0 / 48'000, 256));  // three turns were missed
      CHECK_FALSE(turn(256.0 / 48'000, 0));  // this one brings nothing ...
      CHECK(turn(256.0 / 48'000, 256));      // ... which is known at the next
      CHECK_FALSE(turn(256.0 / 48'000, 256));
      meter.restart();
      CHECK_FALSE(turn(100, 256));  // another clock
    }
  }
}

TEST_SUITE("sound devices") {
  TEST_CASE("are told from each other by name, description or a part of either") {
    const std::vector<DeviceInfo> devices{
        {.name = "alsa_input.usb-0", .description = "Headset", .kind = DeviceKind::microphone},
        {.name = "alsa_input.pci-0", .description = "Built-in", .kind = DeviceKind::microphone},
        {.name = "alsa_output.usb-0", .description = "Headset", .kind = DeviceKind::loudspeaker}};
    const auto find = [&](const char* wanted) {
      return audio::find_device(devices, DeviceKind::microphone, wanted);
    };
    CHECK(find("headset")->name == "alsa_input.usb-0");
    CHECK(find("PCI")->name == "alsa_input.pci-0");
    CHECK(find("alsa_input.usb-0")->name == "alsa_input.usb-0");
    CHECK(find("alsa").error().code == Errc::invalid_argument);
    CHECK(find("alsa").error().detail.find("alsa_input.pci-0") != std::string::npos);
    CHECK(find("bluetooth").error().code == Errc::not_found);
    CHECK(find("bluetooth").error().detail.find("offhook devices") != std::string::npos);
  }

  TEST_CASE("of a server's echo canceller are recognised") {
    CHECK(audio::names_echo_canceller("alsa_input.pci.echo-cancel"));
    CHECK(audio::names_echo_canceller("module-echo-cancel.c"));
    CHECK(audio::names_echo_canceller("Echo-Cancel Source"));
    CHECK_FALSE(audio::names_echo_canceller("alsa_input.pci"));
  }

  TEST_CASE("tell what to do when there is none") {
    setenv("PULSE_SERVER", "unix:/nonexistent/pulse", 1);
    setenv("PIPEWIRE_RUNTIME_DIR", "/nonexistent", 1);
    for (const std::string_view backend : {"pipewire", "pulse"}) {
      const auto known = audio::device_backends();
      const bool built = std::ranges::find(known, backend) != known.end();
      const auto device = audio::open_device({.request = {.backend = std::string{backend}}});
      REQUIRE_FALSE(device.has_value());
      CHECK((device.error().code == (built ? Errc::not_found : Errc::unsupported)));
      CHECK_FALSE(audio::list_devices(backend).has_value());
      if (built) {
        CHECK(device.error().detail.find("--audio FILE or --audio null") != std::string::npos);
      }
    }
  }

  TEST_CASE("that refuse are not replaced by another: the user reads which one and why") {
    const auto absent = [](const audio::DeviceRequest&, audio::DeviceCallback&) {
      return audio::OpenedDevice{offhook::fail(Errc::unreachable, "no PipeWire")};
    };
    const auto busy = [](const audio::DeviceRequest&, audio::DeviceCallback&) {
      return audio::OpenedDevice{
          offhook::fail(Errc::refused, "microphone \"usb\": is in use by another program")};
    };
    const auto other_rate = [](const audio::DeviceRequest&, audio::DeviceCallback&) {
      return audio::OpenedDevice{
          offhook::fail(Errc::refused, "loudspeaker: does not take 48 kHz, 16 bit, mono")};
    };
    const auto none = +[] { return audio::DeviceList{}; };
    struct Nobody final : audio::DeviceCallback {
      void captured(std::span<const std::int16_t>) noexcept override {}
      void play(std::span<std::int16_t>) noexcept override {}
    } nobody;
    const std::array backends{audio::DeviceBackend{"absent", absent, none},
                              audio::DeviceBackend{"busy", busy, none},
                              audio::DeviceBackend{"rate", other_rate, none}};
    const auto first = audio::open_first(backends, {}, nobody);
    REQUIRE_FALSE(first.has_value());
    CHECK(first.error().code == Errc::refused);
    CHECK(first.error().detail.find("\"usb\": is in use by another program") != std::string::npos);
    CHECK(first.error().detail.find("no PipeWire") == std::string::npos);
    const auto named = audio::open_first(backends, {.backend = "rate"}, nobody);
    REQUIRE_FALSE(named.has_value());
    CHECK(named.error().code == Errc::refused);
    CHECK(named.error().detail.find("loudspeaker: does not take 48 kHz") != std::string::npos);
    const auto gone = audio::open_first(std::span{backends}.first(1), {}, nobody);
    REQUIRE_FALSE(gone.has_value());
    CHECK(gone.error().code == Errc::not_found);
    CHECK(gone.error().detail.find("no PipeWire; use --audio FILE") != std::string::npos);
  }

  TEST_CASE("of other makes are refused by name") {
    const auto device = audio::open_device({.request = {.backend = "winmm"}});
    REQUIRE_FALSE(device.has_value());
    CHECK(device.error().code == Errc::unsupported);
    CHECK(device.error().detail.find("winmm") != std::string::npos);
    CHECK_FALSE(audio::list_devices("winmm").has_value());
  }

  TEST_CASE("made of files carry sound both ways in real time") {
    const TempFolder folder;
    {
      auto writer = audio::SoundWriter::create(folder.file("mic.wav"), 16'000, 1).value();
      REQUIRE(writer.write(audio::testing::tone(500, 8'000, 16'000, 1)).has_value());
    }
    audio::testing::Samples sent;
    {
      const auto device =
          audio::open_device({.rate_hz = 16'000,
                              .request = {.microphone = "file:" + folder.file("mic.wav"),
                                          .loudspeaker = "file:" + folder.file("spk.wav")}})
              .value();
      Frame received;
      received.silence(16'000);
      audio::SineGenerator model{300, 8'000, 16'000};
      auto due = std::chrono::steady_clock::now();
      for (int i = 0; i < 50; ++i) {
        Frame to_send;
        model.fill(received.samples());
        device->exchange(received, to_send);
        sent.insert(sent.end(), to_send.samples().begin(), to_send.samples().end());
        std::this_thread::sleep_until(due += audio::frame_duration);
      }
      CHECK_FALSE(device->lost());
      CHECK(device->stats().backend == "null");
      CHECK_FALSE(device->next_notice().has_value());
    }
    CHECK(std::ranges::max(sent) > 7'000);
    const auto played = audio::read_sound(folder.file("spk.wav"), audio::device_rate_hz).value();
    CHECK(std::ranges::max(played.samples) > 7'000);
  }

  TEST_CASE("made of files are refused when the file is, or beside a real device") {
    const auto missing = audio::open_device({.request = {.microphone = "file:/nonexistent.wav"}});
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().code == Errc::not_found);
    const auto mixed =
        audio::open_device({.request = {.microphone = "null", .loudspeaker = "Headset"}});
    REQUIRE_FALSE(mixed.has_value());
    CHECK(mixed.error().code == Errc::invalid_argument);
  }
}
