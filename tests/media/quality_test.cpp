#include "media/quality.hpp"

#include <array>

#include <doctest/doctest.h>

#include "media/loss_adaptation.hpp"

using namespace offhook::media;
namespace audio = offhook::audio;

TEST_SUITE("Quality estimate") {
  TEST_CASE("gives the known values of the E-model for G.711") {
    struct Point {
      double delay_ms;
      double loss_percent;
      double bpl;  ///< 25.1: concealed, 4.3: not.
      double mos;
    };
    constexpr std::array points{Point{100, 0.5, 25.1, 4.31}, Point{150, 1, 25.1, 4.23},
                                Point{300, 5, 25.1, 2.93},   Point{100, 0.5, 4.3, 4.06},
                                Point{150, 1, 4.3, 3.67},    Point{300, 5, 4.3, 1.30}};
    for (const Point& point : points) {
      CAPTURE(point.delay_ms);
      CAPTURE(point.bpl);
      const Quality quality = estimate_quality(Impairment{
          .loss_percent = point.loss_percent, .delay_ms = point.delay_ms, .codec_bpl = point.bpl});
      CHECK(quality.mos == doctest::Approx(point.mos).epsilon(0.003));
    }
    CHECK(estimate_quality(Impairment{}).r_factor == doctest::Approx(93.2));
    CHECK(estimate_quality(Impairment{.loss_percent = 100, .delay_ms = 5'000}).mos == 1);
  }

  TEST_CASE("of a stream looks at what happened between two snapshots") {
    StreamStats before;
    before.frames_played = 1'000;
    before.frames_concealed = 500;
    StreamStats now = before;
    now.frames_played += 200;
    now.frames_concealed += 2;
    now.buffer_ms = 30;
    CHECK(concealed_percent(before, now) == doctest::Approx(1));
    const Quality short_way = estimate_quality(before, now, audio::CodecId::pcmu);
    now.round_trip_ms = 400;
    const Quality long_way = estimate_quality(before, now, audio::CodecId::pcmu);
    CHECK(short_way.r_factor > 85);
    CHECK(long_way.r_factor < short_way.r_factor - 4);
    CHECK(concealed_percent(now, now) == 0);
  }
}

TEST_SUITE("Loss adaptation") {
  TEST_CASE("protects from 3 % of reported loss on, and stops below half of that") {
    LossAdaptation adaptation;
    for (int i = 0; i < 20; ++i) {
      adaptation.on_report(2.5, 250);
    }
    CHECK_FALSE(adaptation.protecting());
    CHECK(adaptation.expected_loss_percent() == 0);
    for (int i = 0; i < 20; ++i) {
      adaptation.on_report(10, 250);
    }
    CHECK(adaptation.protecting());
    CHECK(adaptation.expected_loss_percent() == 10);
    for (int i = 0; i < 20; ++i) {
      adaptation.on_report(2, 250);
    }
    CHECK(adaptation.protecting());
    CHECK(adaptation.expected_loss_percent() == 3);
    for (int i = 0; i < 20; ++i) {
      adaptation.on_report(0, 250);
    }
    CHECK_FALSE(adaptation.protecting());
  }

  TEST_CASE("is not moved by one bad report about few packets") {
    LossAdaptation adaptation;
    adaptation.on_report(0, 250);
    adaptation.on_report(20, 50);
    CHECK_FALSE(adaptation.protecting());
    adaptation.on_report(20, 250);
    CHECK(adaptation.protecting());
  }

  TEST_CASE("bounds what it is told") {
    LossAdaptation adaptation;
    for (int i = 0; i < 50; ++i) {
      adaptation.on_report(1'000, 0);
    }
    CHECK(adaptation.average_percent() <= 100);
    CHECK(adaptation.expected_loss_percent() == 30);
  }
}
