#include "sim/calls.hpp"

#include <algorithm>
#include <utility>

#include <boost/json/object.hpp>

namespace offhook::sim {
namespace {

constexpr std::size_t rejected_kept = 1'000;

tl::unexpected<ApiError> not_found() {
  return refuse({"call_id_not_found", "No session found", std::nullopt, 404});
}

tl::unexpected<ApiError> already_decided() {
  return refuse(
      {"decision_already_made", "This call was already accepted or rejected.", std::nullopt, 409});
}

std::string_view name_of(CallState state) {
  switch (state) {
    case CallState::pending: return "pending";
    case CallState::accepted: return "accepted";
    case CallState::answered: return "answered";
    case CallState::rejected: return "rejected";
  }
  return "";
}

}  // namespace

void Calls::add(const std::string& id, std::shared_ptr<Leg> leg) {
  calls_.insert_or_assign(id, Entry{std::move(leg), CallState::pending, unfound_accepts_});
}

void Calls::remove(const std::string& id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) {
    return;
  }
  if (found->second.state == CallState::rejected) {
    rejected_.push_back(id);
    if (rejected_.size() > rejected_kept) {
      rejected_.pop_front();
    }
  }
  calls_.erase(found);
}

void Calls::set_answered(const std::string& id) { decide(id, CallState::answered); }

void Calls::decide(const std::string& id, CallState state) {
  if (const auto found = calls_.find(id); found != calls_.end()) {
    found->second.state = state;
  }
}

const Calls::Entry* Calls::find(const std::string& id) const {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : &found->second;
}

ApiResult<std::shared_ptr<Leg>> Calls::pending(const std::string& id) const {
  const Entry* const entry = find(id);
  if (entry == nullptr) {
    const bool was_rejected = std::find(rejected_.begin(), rejected_.end(), id) != rejected_.end();
    return was_rejected ? already_decided() : not_found();
  }
  if (entry->state != CallState::pending) {
    return already_decided();
  }
  return entry->leg;
}

ApiResult<std::shared_ptr<Leg>> Calls::pending_for_accept(const std::string& id) {
  const auto found = calls_.find(id);
  if (found != calls_.end() && found->second.unfound_accepts > 0) {
    --found->second.unfound_accepts;
    return not_found();
  }
  return pending(id);
}

ApiResult<std::shared_ptr<Leg>> Calls::accepted(const std::string& id) const {
  const Entry* const entry = find(id);
  if (entry == nullptr ||
      (entry->state != CallState::accepted && entry->state != CallState::answered)) {
    return not_found();
  }
  return entry->leg;
}

ApiResult<std::shared_ptr<Leg>> Calls::answered(const std::string& id) const {
  const Entry* const entry = find(id);
  if (entry == nullptr || entry->state != CallState::answered) {
    return not_found();
  }
  return entry->leg;
}

std::vector<std::shared_ptr<Leg>> Calls::all() const {
  std::vector<std::shared_ptr<Leg>> legs;
  legs.reserve(calls_.size());
  for (const auto& [id, entry] : calls_) {
    legs.push_back(entry.leg);
  }
  return legs;
}

boost::json::array Calls::describe() const {
  boost::json::array list;
  for (const auto& [id, entry] : calls_) {
    list.push_back(boost::json::object{{"call_id", id}, {"state", name_of(entry.state)}});
  }
  return list;
}

}  // namespace offhook::sim
