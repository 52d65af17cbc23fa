#include "sim/calls.hpp"

#include <algorithm>
#include <utility>

#include <boost/json/object.hpp>

namespace offhook::sim {
namespace {

constexpr std::size_t rejected_kept = 1'000;

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

ApiError Calls::already_decided() const {
  return {"decision_already_made", "This call was already accepted or rejected.", std::nullopt,
          statuses_.decided};
}

ApiError Calls::not_found(Api api) const {
  return {api == Api::live ? "session_id_not_found" : "call_id_not_found", "No session found",
          std::nullopt, statuses_.unknown};
}

void Calls::add(const CallIds& ids, std::shared_ptr<Leg> leg) {
  Entry entry{ids, std::move(leg)};
  calls_.insert_or_assign(ids.main(), std::move(entry));
  if (!ids.live.empty()) {
    main_ids_.insert_or_assign(ids.live, ids.main());
  }
}

void Calls::remember_rejected(const std::string& id) {
  if (id.empty()) {
    return;
  }
  rejected_.push_back(id);
  if (rejected_.size() > rejected_kept) {
    rejected_.pop_front();
  }
}

void Calls::remove(const CallIds& ids) {
  const auto found = calls_.find(ids.main());
  if (found == calls_.end()) {
    return;
  }
  if (found->second.state == CallState::rejected) {
    remember_rejected(ids.realtime);
    remember_rejected(ids.live);
  }
  main_ids_.erase(ids.live);
  calls_.erase(found);
}

void Calls::set_answered(const CallIds& ids) {
  if (const auto found = calls_.find(ids.main()); found != calls_.end()) {
    found->second.state = CallState::answered;
  }
}

void Calls::decide(Api api, const std::string& id, CallState state) {
  if (Entry* const entry = find(api, id)) {
    entry->state = state;
    entry->owner = api;
  }
}

const Calls::Entry* Calls::find(Api api, const std::string& id) const {
  std::string main = id;
  if (api == Api::live) {
    const auto alias = main_ids_.find(id);
    if (alias == main_ids_.end()) {
      return nullptr;
    }
    main = alias->second;
  }
  const auto found = calls_.find(main);
  const bool known =
      found != calls_.end() && (api == Api::live || found->second.ids.realtime == id);
  return known ? &found->second : nullptr;
}

Calls::Entry* Calls::find(Api api, const std::string& id) {
  return const_cast<Entry*>(std::as_const(*this).find(api, id));
}

ApiResult<std::shared_ptr<Leg>> Calls::pending(Api api, const std::string& id) const {
  const Entry* const entry = find(api, id);
  if (entry == nullptr) {
    const bool was_rejected = std::find(rejected_.begin(), rejected_.end(), id) != rejected_.end();
    return refuse(was_rejected ? already_decided() : not_found(api));
  }
  if (entry->state != CallState::pending) {
    return refuse(already_decided());
  }
  return entry->leg;
}

bool Calls::Entry::trip(Quirk quirk, std::string_view operation) {
  return tripped.insert(std::to_string(static_cast<int>(quirk)) + std::string{operation}).second;
}

bool Calls::loses_answer(Api api,
                         const std::string& id,
                         const Leg& leg,
                         std::string_view operation) {
  Entry* const entry = find(api, id);
  return leg.quirks().has(Quirk::lost_answer) &&
         (entry == nullptr || entry->trip(Quirk::lost_answer, operation));
}

std::optional<ApiError> Calls::fault(Api api, const std::string& id, std::string_view operation) {
  Entry* const entry = find(api, id);
  if (entry == nullptr) {
    return std::nullopt;
  }
  const auto& quirks = entry->leg->quirks();
  const auto first = [&](Quirk quirk) {
    return quirks.has(quirk) && entry->trip(quirk, operation);
  };
  if (first(Quirk::rate_limit)) {
    return ApiError{"rate_limit_exceeded", "Rate limit reached. Please try again later.",
                    std::nullopt, 429, "rate_limit_error"};
  }
  const ApiError broken{"", "The server had an error while processing your request.", std::nullopt,
                        500, "server_error"};
  if (first(Quirk::server_error) || (quirks.has(Quirk::refer_error) && operation == "refer")) {
    return broken;
  }
  if (operation == "accept" && first(Quirk::accept_not_found)) {
    return not_found(api);
  }
  if (quirks.has(Quirk::decision_made) && (operation == "accept" || operation == "reject")) {
    return already_decided();
  }
  return std::nullopt;
}

std::shared_ptr<Leg> Calls::leg(Api api, const std::string& id) const {
  const Entry* const entry = find(api, id);
  return entry == nullptr ? nullptr : entry->leg;
}

ApiResult<std::shared_ptr<Leg>> Calls::accepted(Api api, const std::string& id) const {
  const Entry* const entry = find(api, id);
  if (entry == nullptr || entry->owner != api ||
      (entry->state != CallState::accepted && entry->state != CallState::answered)) {
    return refuse(not_found(api));
  }
  return entry->leg;
}

ApiResult<std::shared_ptr<Leg>> Calls::answered(Api api, const std::string& id) const {
  auto leg = accepted(api, id);
  if (leg && find(api, id)->state != CallState::answered) {
    return refuse(not_found(api));
  }
  return leg;
}

std::vector<std::shared_ptr<Leg>> Calls::all() const {
  std::vector<std::shared_ptr<Leg>> legs;
  legs.reserve(calls_.size());
  for (const auto& [id, entry] : calls_) {
    legs.push_back(entry.leg);
  }
  return legs;
}

boost::json::object Calls::describe(const Entry& entry) {
  boost::json::object call;
  if (!entry.ids.realtime.empty()) {
    call["call_id"] = entry.ids.realtime;
  }
  if (!entry.ids.live.empty()) {
    call["session_id"] = entry.ids.live;
  }
  call["state"] = name_of(entry.state);
  if (entry.state == CallState::accepted || entry.state == CallState::answered) {
    call["api"] = entry.owner == Api::live ? "live" : "realtime";
  }
  entry.leg->describe(call);
  return call;
}

boost::json::object Calls::describe(const std::string& id) const {
  const auto found = calls_.find(id);
  return found == calls_.end() ? boost::json::object{} : describe(found->second);
}

boost::json::array Calls::describe() const {
  boost::json::array list;
  for (const auto& [id, entry] : calls_) {
    list.push_back(describe(entry));
  }
  return list;
}

}  // namespace offhook::sim
