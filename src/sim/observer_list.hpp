#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <boost/json/object.hpp>

#include "sim/observer.hpp"

namespace offhook::sim {

/// The sockets that observe one call. Control thread.
class ObserverList {
 public:
  /// @param odd_fields  Quirk: every event carries a field that nobody knows.
  explicit ObserverList(bool odd_fields) : odd_fields_{odd_fields} {}

  void add(std::shared_ptr<Observer> observer) { observers_.push_back(std::move(observer)); }
  /// @return whether it was there.
  bool remove(const Observer& observer);
  void send(const boost::json::object& event) const;
  void send_to(Observer& observer, boost::json::object event) const;

  [[nodiscard]] std::size_t size() const noexcept { return observers_.size(); }
  [[nodiscard]] bool empty() const noexcept { return observers_.empty(); }
  /// Whether everything has been handed to the network.
  [[nodiscard]] bool idle() const;
  /// Cuts all connections, at once …
  void drop_all();
  /// … or after the last words, as each socket wants it.
  void finish_all();

 private:
  bool odd_fields_;
  std::vector<std::shared_ptr<Observer>> observers_{};
};

}  // namespace offhook::sim
