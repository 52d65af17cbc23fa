#include "sim/call_log.hpp"

#include <cmath>
#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace offhook::sim {

namespace json = boost::json;

CallLog::CallLog(Clock::time_point began, CallLogLimits limits) : began_{began}, limits_{limits} {}

double CallLog::ms_at(Clock::time_point at) const {
  const double ms = std::chrono::duration<double, std::milli>(at - began_).count();
  return std::round(ms * 10) / 10;
}

void CallLog::add(std::string_view kind, const json::object& detail, Clock::time_point at) {
  json::object entry{{"at_ms", ms_at(at)}, {"kind", kind}};
  for (const auto& [key, value] : detail) {
    entry.insert_or_assign(key, value);
  }
  std::string text = json::serialize(entry);
  bytes_ += text.size();
  const bool beginning = latest_.empty() && dropped_ == 0 && first_.size() < limits_.first &&
                         bytes_ <= limits_.bytes / 2;
  (beginning ? first_ : latest_).push_back(std::move(text));
  while (!latest_.empty() &&
         (bytes_ > limits_.bytes || first_.size() + latest_.size() > limits_.entries)) {
    bytes_ -= latest_.front().size();
    dropped_bytes_ += latest_.front().size();
    ++dropped_;
    latest_.pop_front();
  }
}

json::array CallLog::describe() const {
  json::array list;
  for (const std::string& entry : first_) {
    list.push_back(json::parse(entry));
  }
  if (dropped_ > 0) {
    list.push_back(
        json::object{{"kind", "dropped"}, {"entries", dropped_}, {"bytes", dropped_bytes_}});
  }
  for (const std::string& entry : latest_) {
    list.push_back(json::parse(entry));
  }
  return list;
}

}  // namespace offhook::sim
