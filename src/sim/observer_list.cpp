#include "sim/observer_list.hpp"

#include <algorithm>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace offhook::sim {

namespace json = boost::json;

bool ObserverList::remove(const Observer& observer) {
  return std::erase_if(observers_, [&](const auto& known) { return known.get() == &observer; }) > 0;
}

void ObserverList::send(const json::object& event) const {
  for (const auto& observer : std::vector{observers_}) {
    send_to(*observer, event);
  }
}

void ObserverList::send_to(Observer& observer, json::object event) const {
  if (odd_fields_) {
    event["unheard_of"] = json::object{{"list", json::array{1, nullptr, "two"}}};
  }
  observer.send(json::serialize(event));
}

bool ObserverList::idle() const {
  return std::all_of(observers_.begin(), observers_.end(),
                     [](const auto& observer) { return observer->idle(); });
}

void ObserverList::drop_all() {
  for (const auto& observer : std::exchange(observers_, {})) {
    observer->drop();
  }
}

void ObserverList::finish_all() {
  for (const auto& observer : std::exchange(observers_, {})) {
    observer->finish();
  }
}

}  // namespace offhook::sim
