#include "audio/device/drift_control.hpp"

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "audio/device/burst_meter.hpp"

using offhook::audio::DriftControl;

namespace {

/// A buffer of milliseconds, filled in blocks by one clock and emptied in blocks by another.
class Buffer {
 public:
  Buffer(double block_ms, double take_ms, double producer_ppm)
      : control{block_ms},
        block_ms_{block_ms},
        take_ms_{take_ms},
        faster_{1 + producer_ppm * 1e-6},
        next_write_ms_{block_ms} {
    level_ms = control.target_ms() + take_ms - next_take_ms_;  // as a bridge begins
  }

  void run(double seconds) {
    const double end = now_ms_ + seconds * 1'000;
    while (now_ms_ < end) {
      if (next_write_ms_ <= next_take_ms_) {
        now_ms_ = next_write_ms_;
        written_at_ms_ = now_ms_;
        level_ms += block_ms_ * (1 - control.correction_ppm() * 1e-6);
        next_write_ms_ += block_ms_ / faster_;
      } else {
        now_ms_ = next_take_ms_;
        take();
        next_take_ms_ += take_ms_;
      }
    }
  }

  DriftControl control;
  double level_ms = 0;
  double lowest_ms = 1'000;
  double highest_ms = 0;

 private:
  void take() {
    level_ms -= take_ms_;
    lowest_ms = std::min(lowest_ms, level_ms);
    highest_ms = std::max(highest_ms, level_ms);
    const double coming = std::min(now_ms_ - written_at_ms_, block_ms_);
    control.observe(level_ms + coming, level_ms, take_ms_);
  }

  double block_ms_;
  double take_ms_;
  double faster_;
  double now_ms_ = 0;
  double next_write_ms_;
  double next_take_ms_ = 3;
  double written_at_ms_ = 0;
};

}  // namespace

TEST_SUITE("burst meter") {
  using offhook::audio::BurstMeter;
  using std::chrono::microseconds;

  TEST_CASE("adds up what is written together, and forgets a hiccup") {
    BurstMeter meter{10};
    BurstMeter::Clock::time_point now{};
    const auto write = [&](int blocks, int every_us) {
      for (int block = 0; block < blocks; ++block) {
        meter.note(10, now += microseconds{100});
      }
      now += microseconds{every_us};
    };
    for (int i = 0; i < 100; ++i) {
      write(1, 10'000);
    }
    CHECK(meter.burst_ms() == 10);
    for (int i = 0; i < 100; ++i) {
      write(2, 20'000);
    }
    CHECK(meter.burst_ms() == doctest::Approx(20).epsilon(0.01));
    write(20, 200'000);  // the machine stood still
    CHECK(meter.burst_ms() < 25);
    for (int i = 0; i < 300; ++i) {
      write(1, 10'000);
    }
    CHECK(meter.burst_ms() < 10.5);
  }
}

TEST_SUITE("drift control") {
  TEST_CASE("holds the buffer for an hour of clocks that are 300 ppm apart") {
    for (const double ppm : {-300.0, -40.0, 0.0, 300.0}) {
      for (const bool playback : {false, true}) {
        Buffer buffer{playback ? 20.0 : 10.0, playback ? 10.0 : 20.0, ppm};
        buffer.run(120);
        buffer.highest_ms = 0;
        buffer.run(3'480);
        CAPTURE(ppm);
        CAPTURE(playback);
        CHECK(buffer.lowest_ms > 0);
        CHECK(buffer.highest_ms < 30);
        CHECK(std::abs(buffer.control.drift_ppm() - ppm) < 20);
      }
    }
  }

  TEST_CASE("keeps more after the buffer ran dry, and goes back slowly") {
    DriftControl control{20};
    const double before = control.target_ms();
    control.on_underrun();
    const double after = control.target_ms();
    CHECK(after > before);
    for (int i = 0; i < 6'000; ++i) {  // a minute with far more than is needed
      control.observe(after, after, 10);
    }
    CHECK(control.target_ms() < after);
    CHECK(control.target_ms() >= 24);  // the block and 4 ms
  }

  TEST_CASE("keeps more when the reserve gets small, before it is gone") {
    DriftControl control{20};
    const double before = control.target_ms();
    for (int i = 0; i < 1'001; ++i) {
      control.observe(before, 0.5, 10);
    }
    CHECK(control.target_ms() > before);
  }

  TEST_CASE("does not take a hiccup for a drift") {
    DriftControl control{20};
    for (int i = 0; i < 100; ++i) {  // one second, 100 ms too much
      control.observe(control.target_ms() + 100, 100, 10);
    }
    CHECK(control.correction_ppm() > 4'000);
    CHECK(control.drift_ppm() <= 20);
  }

  TEST_CASE("keeps to the drift that it knows while the level goes where it is wanted") {
    Buffer buffer{20, 10, 40};
    buffer.run(240);
    for (int step = 0; step < 4; ++step) {
      buffer.control.on_underrun();  // 5 ms more are wanted
      buffer.run(15);
      CHECK(std::abs(buffer.control.drift_ppm() - 40) < 20);
      CHECK(std::abs(buffer.control.correction_ppm()) < 5'001);
    }
    CHECK(buffer.highest_ms > 30);  // and it has got there
  }

  TEST_CASE("keeps to it when the server jumps") {
    Buffer buffer{10, 20, 40};
    buffer.run(240);
    for (const double jump_ms : {20.0, -8.0, 15.0}) {
      buffer.level_ms += jump_ms;
      buffer.run(60);
      CHECK(std::abs(buffer.control.drift_ppm() - 40) < 25);
    }
  }

  TEST_CASE("wants a level that fits the producer's blocks") {
    DriftControl control{10};
    const double before = control.target_ms();
    control.set_block(21);
    CHECK(control.target_ms() == doctest::Approx(before + 11));
  }

  TEST_CASE("never keeps more than 100 ms, however often it runs dry") {
    DriftControl control{20};
    for (int i = 0; i < 100; ++i) {
      control.on_underrun();
    }
    CHECK(control.target_ms() == 100);
  }
}
