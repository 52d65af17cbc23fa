#include "sim/event_queue.hpp"

#include <iterator>
#include <utility>

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;

constexpr auto slow_event_delay = 500ms;
constexpr auto lost_event_delay = 1'000ms;
constexpr auto wait_for_next_event = 100ms;
constexpr double overtaken_share = 0.25;

}  // namespace

EventQueue::EventQueue(const QuirkSet& quirks, std::uint32_t seed) : quirks_{quirks}, dice_{seed} {}

void EventQueue::add(boost::json::object event, Time now, bool over) {
  Waiting added{now, std::move(event)};
  if (quirks_.has(Quirk::lost_last_events)) {
    added.due += lost_event_delay;
  } else if (quirks_.has(Quirk::slow) && !over) {
    added.due += slow_event_delay;
  }
  if (!waiting_.empty() && waiting_.back().overtaken) {
    waiting_.back().overtaken = false;
    waiting_.back().due = added.due;
    waiting_.insert(std::prev(waiting_.end()), std::move(added));
    return;
  }
  if (quirks_.has(Quirk::reordered_events) && std::bernoulli_distribution{overtaken_share}(dice_)) {
    added.overtaken = true;
    added.due += wait_for_next_event;
  }
  waiting_.push_back(std::move(added));
}

std::vector<boost::json::object> EventQueue::take(Time now) {
  std::vector<boost::json::object> due;
  while (!waiting_.empty() && waiting_.front().due <= now) {
    due.push_back(std::move(waiting_.front().event));
    waiting_.pop_front();
  }
  return due;
}

}  // namespace offhook::sim
