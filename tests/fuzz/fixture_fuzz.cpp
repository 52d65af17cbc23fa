// Input: a file of recorded events. It is refused with its name and line, or it can be replayed to
// its end: to a controller that does what the recorded one did, and to one that does nothing.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json/serialize.hpp>

#include "expect.hpp"
#include "sim/replay/fixture.hpp"
#include "sim/replay/fixture_sound.hpp"
#include "sim/replay/replay_session.hpp"

using namespace offhook;
using namespace offhook::sim;

namespace {

/// Server events that a controller gets. @param faithful  It sends what was recorded, and when.
std::size_t replay(const std::shared_ptr<const Fixture>& fixture, bool faithful) {
  ReplaySession session{fixture, Ids{1}, 1};
  Time now{};
  FUZZ_EXPECT(!session.session_created(now).empty());
  std::size_t events = 0;
  bool ended = false;
  const auto take = [&] {
    for (const auto& action : session.take_actions()) {
      events += std::holds_alternative<SendEvent>(action) ? 1U : 0U;
      const auto* const mark = std::get_if<TellMark>(&action);
      ended = ended || (mark != nullptr && mark->name == "replay.ended");
    }
  };
  for (const FixtureStep& step : fixture->steps) {
    const std::chrono::duration<double, std::milli> since{
        std::max(step.at_ms - fixture->attached_ms, 0.0)};
    session.on_time(Time{} + std::chrono::duration_cast<Time::duration>(since));
    if (faithful && !step.from_server) {
      session.on_client_event(boost::json::serialize(step.event),
                              Time{} + std::chrono::duration_cast<Time::duration>(since));
    }
    take();
  }
  for (std::size_t i = 0; i <= fixture->steps.size(); ++i) {
    now += std::chrono::hours{48};  // more than the longest recording and all patience
    session.on_time(now);
  }
  take();
  FUZZ_EXPECT(ended);
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto parsed = parse_fixture({reinterpret_cast<const char*>(data), size}, "a.jsonl");
  if (!parsed) {
    FUZZ_EXPECT(parsed.error().detail.starts_with("a.jsonl:"));
    return 0;
  }
  std::size_t from_server = 0;
  for (std::size_t i = 0; i < parsed->steps.size(); ++i) {
    const FixtureStep& step = parsed->steps[i];
    from_server += step.from_server ? 1U : 0U;
    FUZZ_EXPECT(i == 0 || step.at_ms >= parsed->steps[i - 1].at_ms);
    FUZZ_EXPECT(!step.answers || (*step.answers < i && !parsed->steps[*step.answers].from_server));
  }
  std::vector<std::int16_t> sound(8'000, 3'000);
  cut_sound(*parsed, sound);
  const auto fixture = std::make_shared<const Fixture>(std::move(*parsed));
  FUZZ_EXPECT(replay(fixture, true) == from_server);
  FUZZ_EXPECT(replay(fixture, false) <= from_server);
  return 0;
}
