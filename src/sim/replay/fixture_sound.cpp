#include "sim/replay/fixture_sound.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "audio/similarity.hpp"
#include "sim/replay/likeness.hpp"
#include "sim/speaker.hpp"

namespace offhook::sim {
namespace {

constexpr double frame_ms = 20;
constexpr double audible_dbfs = -50;
/// The sound may begin so much before the event that tells of it …
constexpr double lead_ms = 400;
/// … and go on so long behind the one that ends it.
constexpr double tail_ms = 1'000;
/// An end that nothing tells.
constexpr double longest_sound_ms = 120'000;
/// More would not make the place any surer.
constexpr std::size_t most_compared = 50;

/// A response that was heard.
struct Span {
  std::size_t step = 0;
  double from_ms = 0;
  double to_ms = 0;
};

std::vector<Span> heard_spans(const Fixture& fixture) {
  std::vector<Span> spans;
  std::vector<std::string_view> ids;
  for (std::size_t i = 0; i < fixture.steps.size(); ++i) {
    const FixtureStep& step = fixture.steps[i];
    const auto type = event_text(step.event, "type");
    if (!step.from_server || !type.starts_with("output_audio_buffer.")) {
      continue;
    }
    if (type == "output_audio_buffer.started") {
      if (!spans.empty()) {
        spans.back().to_ms = std::min(spans.back().to_ms, step.at_ms);
      }
      spans.push_back({i, step.at_ms, step.at_ms + longest_sound_ms});
      ids.push_back(event_text(step.event, "response_id"));
    } else if (!spans.empty() && ids.back() == event_text(step.event, "response_id")) {
      spans.back().to_ms = std::min(spans.back().to_ms, step.at_ms);
    }
  }
  return spans;
}

/// Which frames of 20 ms are audible, and how many of the first so many are.
class Audible {
 public:
  explicit Audible(std::span<const std::int16_t> samples) {
    count_.push_back(0);
    for (std::size_t at = 0; at < samples.size(); at += frame_samples) {
      const auto frame = samples.subspan(at, std::min(frame_samples, samples.size() - at));
      count_.push_back(count_.back() + (audio::rms_dbfs(frame) > audible_dbfs ? 1U : 0U));
    }
  }

  [[nodiscard]] std::size_t frames() const noexcept { return count_.size() - 1; }
  [[nodiscard]] bool is(std::size_t frame) const { return count_[frame + 1] > count_[frame]; }
  /// How many there are between two times since the sound began.
  [[nodiscard]] std::size_t between(double from_ms, double to_ms) const {
    const std::size_t from = index(from_ms);
    return count_[std::max(from, index(to_ms))] - count_[from];
  }
  [[nodiscard]] std::size_t index(double ms) const {
    const double frame = std::clamp(ms / frame_ms, 0.0, static_cast<double>(frames()));
    return static_cast<std::size_t>(std::lround(frame));
  }

 private:
  std::vector<std::size_t> count_;
};

std::optional<double> find_place(std::span<const Span> spans, const Audible& audible) {
  if (spans.empty() || audible.frames() == 0) {
    return std::nullopt;
  }
  const double longest = static_cast<double>(audible.frames()) * frame_ms;
  const double latest = spans.front().from_ms + lead_ms;
  std::size_t best = 0;
  std::optional<double> place;
  // The earliest of equally good places: there the sound begins with its event, not behind it.
  for (double began_ms = spans.front().from_ms - longest; began_ms <= latest;
       began_ms += frame_ms) {
    std::size_t fits = 0;
    for (const Span& span : spans) {
      fits += audible.between(span.from_ms - began_ms, span.to_ms - began_ms);
    }
    if (fits > best) {
      best = fits;
      place = began_ms;
    }
  }
  return place;
}

}  // namespace

std::optional<double> find_sound_ms(const Fixture& fixture, std::span<const std::int16_t> samples) {
  const auto spans = heard_spans(fixture);
  return find_place(std::span{spans}.first(std::min(spans.size(), most_compared)),
                    Audible{samples});
}

void cut_sound(Fixture& fixture, std::span<const std::int16_t> samples) {
  const auto spans = heard_spans(fixture);
  const Audible audible{samples};
  if (!fixture.sound_ms) {
    fixture.sound_ms =
        find_place(std::span{spans}.first(std::min(spans.size(), most_compared)), audible);
  }
  if (!fixture.sound_ms) {
    return;
  }
  std::size_t taken = 0;  // frames that belong to earlier responses
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const double from_ms = spans[i].from_ms - *fixture.sound_ms;
    double end_ms = spans[i].to_ms - *fixture.sound_ms + tail_ms;
    if (i + 1 < spans.size()) {
      end_ms = std::min(end_ms, spans[i + 1].from_ms - *fixture.sound_ms);
    }
    std::size_t end = audible.index(end_ms);
    std::size_t begin = std::max(taken, audible.index(from_ms - lead_ms));
    // Silence before the event is not of it; silence behind it is.
    while (begin < end && begin < audible.index(from_ms) && !audible.is(begin)) {
      ++begin;
    }
    while (end > begin && !audible.is(end - 1)) {
      --end;
    }
    const std::size_t from = std::min(begin * frame_samples, samples.size());
    const std::size_t to = std::min(end * frame_samples, samples.size());
    const auto part = samples.subspan(from, std::max(to, from) - from);
    fixture.steps[spans[i].step].sound.assign(part.begin(), part.end());
    taken = std::max(taken, end);
  }
}

}  // namespace offhook::sim
