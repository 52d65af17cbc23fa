#include "sim/event_queue.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include <doctest/doctest.h>

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;

QuirkSet with(std::initializer_list<Quirk> quirks) {
  QuirkSet set;
  for (const Quirk quirk : quirks) {
    set.add(quirk);
  }
  return set;
}

/// Events "0" to "n - 1", one each millisecond, in the order in which they come out.
std::vector<int> order(EventQueue& queue, int n) {
  std::vector<int> numbers;
  const auto begin = EventQueue::Time{};
  const auto note = [&](EventQueue::Time now) {
    for (const auto& event : queue.take(now)) {
      numbers.push_back(static_cast<int>(event.at("n").as_int64()));
    }
  };
  for (int i = 0; i < n; ++i) {
    queue.add({{"n", i}}, begin + std::chrono::milliseconds{i}, false);
    note(begin + std::chrono::milliseconds{i});
  }
  note(EventQueue::Time::max());
  return numbers;
}

TEST_SUITE("Event queue") {
  TEST_CASE("without faults every event goes out at once") {
    EventQueue queue{{}, 1};
    queue.add({{"n", 1}}, EventQueue::Time{}, false);
    CHECK(queue.take(EventQueue::Time{}).size() == 1);
    CHECK(queue.size() == 0);
  }

  TEST_CASE("slow and lost-last-events hold every event back, and slow only while the call lives") {
    for (const Quirk quirk : {Quirk::slow, Quirk::lost_last_events}) {
      const auto delay = quirk == Quirk::slow ? 500ms : 1'000ms;
      EventQueue queue{with({quirk}), 1};
      queue.add({{"n", 1}}, EventQueue::Time{}, false);
      CHECK(queue.take(EventQueue::Time{} + delay - 1ms).empty());
      CHECK(queue.take(EventQueue::Time{} + delay).size() == 1);
      queue.add({{"n", 2}}, EventQueue::Time{}, true);
      CHECK(queue.take(EventQueue::Time{}).empty() == (quirk == Quirk::lost_last_events));
    }
  }

  TEST_CASE("reordered-events lets one in four be overtaken by the next, and loses none") {
    EventQueue queue{with({Quirk::reordered_events}), 7};
    const int n = 1'000;
    const auto numbers = order(queue, n);
    REQUIRE(numbers.size() == n);
    int overtaken = 0;
    for (std::size_t i = 1; i < numbers.size(); ++i) {
      overtaken += numbers[i] < numbers[i - 1] ? 1 : 0;
      CHECK(std::abs(numbers[i] - static_cast<int>(i)) <= 1);
    }
    CHECK(overtaken > n / 8);
    CHECK(overtaken < n / 3);
    auto sorted = numbers;
    std::sort(sorted.begin(), sorted.end());
    CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
  }

  TEST_CASE("an event that nothing overtakes goes out all the same") {
    EventQueue queue{with({Quirk::reordered_events}), 7};
    for (int i = 0; i < 100; ++i) {
      const auto now = EventQueue::Time{} + i * 1s;
      queue.add({{"n", i}}, now, false);
      CHECK(queue.take(now + 100ms).size() == 1);
    }
  }
}

}  // namespace
}  // namespace offhook::sim
