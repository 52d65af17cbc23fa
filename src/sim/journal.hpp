#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/object.hpp>

#include "base/timeline.hpp"
#include "sim/call_records.hpp"

namespace offhook::sim {

/// Writes the marks of one call, with its id, to the sim's timeline and to the call's record, as
/// far as there are any. Control thread.
class Journal {
 public:
  Journal(Timeline* timeline, std::string call_id, std::shared_ptr<CallRecord> record = {})
      : timeline_{timeline}, call_id_{std::move(call_id)}, record_{std::move(record)} {}

  /// Null: nothing is kept of the call.
  [[nodiscard]] const std::shared_ptr<CallRecord>& record() const noexcept { return record_; }

  void mark(std::string_view name, const boost::json::object& detail = {}) const {
    tell(name, detail);
    boost::json::object entry{{"name", name}};
    for (const auto& [key, value] : detail) {
      entry.insert_or_assign(key, value);
    }
    log("mark", entry);
  }

  /// What the record has anyway, in other words: for the timeline alone.
  void tell(std::string_view name, const boost::json::object& detail = {}) const {
    if (timeline_ == nullptr) {
      return;
    }
    boost::json::object all{{"call_id", call_id_}};
    for (const auto& [key, value] : detail) {
      all.insert_or_assign(key, value);
    }
    timeline_->mark("sim", name, std::move(all));
  }

  /// For the record alone; `kind` and `detail` as in `CallLog::add`.
  void log(std::string_view kind, const boost::json::object& detail) const {
    if (record_ != nullptr) {
      record_->log.add(kind, detail);
    }
  }

 private:
  Timeline* timeline_;
  std::string call_id_;
  std::shared_ptr<CallRecord> record_;
};

}  // namespace offhook::sim
