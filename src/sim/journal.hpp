#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <boost/json/object.hpp>

#include "base/timeline.hpp"

namespace offhook::sim {

/// Writes the marks of one call, with its id, to the sim's timeline, if there is one. Control
/// thread.
class Journal {
 public:
  Journal(Timeline* timeline, std::string call_id)
      : timeline_{timeline}, call_id_{std::move(call_id)} {}

  void mark(std::string_view name, const boost::json::object& detail = {}) const {
    if (timeline_ == nullptr) {
      return;
    }
    boost::json::object all{{"call_id", call_id_}};
    for (const auto& [key, value] : detail) {
      all.insert_or_assign(key, value);
    }
    timeline_->mark("sim", name, std::move(all));
  }

 private:
  Timeline* timeline_;
  std::string call_id_;
};

}  // namespace offhook::sim
