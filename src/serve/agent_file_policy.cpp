#include "serve/agent_file_policy.hpp"

#include <algorithm>
#include <utility>

#include "agent/admission.hpp"
#include "agent/routing.hpp"

namespace offhook::serve {
namespace {

std::int64_t steady_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

AgentFilePolicy::AgentFilePolicy(std::shared_ptr<const agent::AgentFile> file, Clock clock)
    : file_{std::move(file)}, clock_{clock ? std::move(clock) : steady_seconds} {}

void AgentFilePolicy::add_past(const std::string& caller, const agent::UsageSums& used) {
  used_.add(caller, used, clock_());
}

Parties AgentFilePolicy::parties(const Offer& offer) const {
  auto found = agent::call_parties(offer.sip_headers, file_->numbers);
  return {std::move(found.caller), std::move(found.called)};
}

Choice AgentFilePolicy::route(const Offer& offer) {
  const auto numbers = agent::call_parties(offer.sip_headers, file_->numbers);
  const agent::Route route = agent::find_route(file_->routing, offer.sip_headers, numbers);
  if (route.agent.empty()) {
    const std::string why = route.rule < 0
                                ? "no routing rule fits"
                                : "routing rule " + std::to_string(route.rule + 1) + " refuses it";
    return {nullptr, {route.reject_code, why}};
  }
  auto chosen = find(route.agent);
  if (!chosen) {
    return {nullptr, {480, "routing names an agent that does not exist: " + route.agent}};
  }
  return {std::move(chosen)};
}

Choice AgentFilePolicy::admit(const Offer& offer,
                              std::shared_ptr<const agent::AgentProfile> agent) {
  const std::string caller = parties(offer).caller;
  const auto admission = agent::admit(file_->limits, agent->limits, state(caller));
  if (!admission.admitted) {
    return {nullptr, {admission.reject_code, admission.reason}};
  }
  auto narrowed = std::make_shared<agent::AgentProfile>(*agent);
  narrowed->limits = admission.limits;
  running_[offer.id] = {caller, clock_()};
  return {std::move(narrowed)};
}

std::shared_ptr<const agent::AgentProfile> AgentFilePolicy::resume(const Offer& offer,
                                                                   const std::string& agent,
                                                                   const EarlierUse& earlier) {
  auto profile = find(agent);
  if (!profile) {
    return nullptr;
  }
  const std::string caller = parties(offer).caller;
  running_[offer.id] = {caller, clock_() - earlier.age.count(), earlier.tokens, earlier.placed};
  if (earlier.placed) {
    return profile;
  }
  auto narrowed = std::make_shared<agent::AgentProfile>(*profile);
  agent::CallLimits& limits = narrowed->limits;
  const std::chrono::seconds own = limits.seconds;
  limits = agent::narrow(file_->limits, limits, state(caller, offer.id));
  if (limits.seconds != own) {
    const auto with_goodbye = std::max(limits.seconds, earlier.age + limits.goodbye_time);
    limits.seconds = own.count() == 0 ? with_goodbye : std::min(own, with_goodbye);
  }
  return narrowed;
}

std::string AgentFilePolicy::used(const std::string& call_id, std::uint64_t tokens) {
  const auto found = running_.find(call_id);
  if (found == running_.end() || found->second.placed) {
    return {};
  }
  found->second.tokens = std::max(found->second.tokens, tokens);
  return agent::used_up(file_->limits, state(found->second.caller));
}

void AgentFilePolicy::ended(const std::string& call_id,
                            std::chrono::seconds duration,
                            std::uint64_t tokens) {
  const auto found = running_.find(call_id);
  if (found == running_.end()) {
    return;
  }
  const auto seconds = static_cast<std::uint64_t>(duration.count());
  if (!found->second.placed) {
    used_.add(found->second.caller, {.calls = 1, .seconds = seconds, .tokens = tokens}, clock_());
  }
  running_.erase(found);
}

agent::AdmissionState AgentFilePolicy::state(const std::string& caller, const std::string& but) {
  const std::int64_t now = clock_();
  agent::AdmissionState state{.concurrent_calls = running_.size(),
                              .concurrent_calls_of_caller = 0,
                              .caller_day = used_.of(caller, now),
                              .day = used_.all(now)};
  for (const auto& [id, call] : running_) {
    if (call.placed || id == but) {
      continue;
    }
    const auto seconds = static_cast<std::uint64_t>(now - call.began);
    ++state.day.calls;
    state.day.seconds += seconds;
    state.day.tokens += call.tokens;
    if (call.caller == caller) {
      ++state.concurrent_calls_of_caller;
      ++state.caller_day.calls;
      state.caller_day.seconds += seconds;
      state.caller_day.tokens += call.tokens;
    }
  }
  return state;
}

std::shared_ptr<const agent::AgentProfile> AgentFilePolicy::find(const std::string& name) const {
  const auto found = file_->agents.find(name);
  if (found == file_->agents.end()) {
    return nullptr;
  }
  // Shares the life of the file: nothing is copied.
  return {file_, &found->second};
}

}  // namespace offhook::serve
