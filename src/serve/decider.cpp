#include "serve/decider.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace offhook::serve {
namespace {

std::uint64_t hash_of(const std::string& key) { return std::hash<std::string>{}(key); }
std::uint64_t id_key(const std::string& id) { return hash_of("id:" + id); }
std::uint64_t sip_key(std::string_view call_id) { return hash_of("sip:" + std::string{call_id}); }

std::string_view event_of(agent::Api api) {
  return api == agent::Api::live ? "live.transport.incoming" : "realtime.call.incoming";
}

std::string wrong_api(const Offer& offer, const agent::AgentProfile& agent) {
  std::string why = "agent ";
  why.append(agent.name).append(" has api: ").append(to_string(agent.api));
  why.append(", but only ")
      .append(event_of(offer.api))
      .append(" came for this call; subscribe the");
  why.append(" webhook to ").append(event_of(agent.api)).append(" in the project's settings");
  return why;
}

}  // namespace

std::string_view to_string(Action action) noexcept {
  switch (action) {
    case Action::take: return "taken";
    case Action::reject: return "rejected";
    case Action::hold: return "held";
    case Action::duplicate: return "duplicate";
    case Action::other_api: return "other_api";
    case Action::stale: return "stale";
    case Action::test: return "test";
  }
  return "unknown";
}

Decision Decider::on_offer(Offer offer, CallPolicy& policy, TimePoint now, std::int64_t unix_now) {
  forget_old(now);
  if (offer.id.empty()) {
    return {.action = Action::test, .offer = std::move(offer)};
  }
  if (const auto repeated = known(offer)) {
    return {.action = *repeated, .offer = std::move(offer)};
  }
  const std::int64_t age = unix_now - offer.created_at;
  if (offer.created_at > 0 && age > options_.stale_after.count()) {
    return {.action = Action::stale,
            .offer = std::move(offer),
            .why = "the call came in " + std::to_string(age) + " s ago"};
  }
  return decide_new(std::move(offer), policy, now);
}

Decision Decider::decide_new(Offer offer, CallPolicy& policy, TimePoint now) {
  const auto reject = [&](Offer refused, Refusal refusal) {
    drop_held(refused.sip_call_id());
    remember(refused, now);
    return Decision{.action = Action::reject,
                    .offer = std::move(refused),
                    .sip_status = refusal.sip_status,
                    .why = std::move(refusal.why)};
  };
  if (draining_) {
    return reject(std::move(offer), {options_.draining_status, "draining: no new calls"});
  }
  Choice routed = policy.route(offer);
  if (!routed.agent) {
    return reject(std::move(offer), std::move(routed.refusal));
  }
  if (routed.agent->api != offer.api) {
    Decision held{.action = Action::hold,
                  .offer = std::move(offer),
                  .agent = routed.agent,
                  .why = "waiting for " + std::string{event_of(routed.agent->api)}};
    held_.push_back({held, now + options_.other_api_wait});
    return held;
  }
  Choice admitted = policy.admit(offer, std::move(routed.agent));
  if (!admitted.agent) {
    return reject(std::move(offer), std::move(admitted.refusal));
  }
  drop_held(offer.sip_call_id());
  remember(offer, now);
  return {.action = Action::take, .offer = std::move(offer), .agent = std::move(admitted.agent)};
}

std::vector<Decision> Decider::on_time(TimePoint now) {
  std::vector<Decision> due;
  for (Held& held : held_) {
    if (held.until <= now) {
      held.decision.action = Action::reject;
      held.decision.sip_status = options_.other_api_status;
      held.decision.why = wrong_api(held.decision.offer, *held.decision.agent);
      remember(held.decision.offer, now);
      due.push_back(std::move(held.decision));
    }
  }
  std::erase_if(held_, [&](const Held& held) { return held.until <= now; });
  return due;
}

std::optional<Decider::TimePoint> Decider::next_deadline() const {
  const auto first = std::ranges::min_element(held_, {}, &Held::until);
  return first == held_.end() ? std::nullopt : std::optional{first->until};
}

void Decider::know(const std::string& id, const std::string& sip_call_id, TimePoint now) {
  remember_key(id_key(id), agent::Api::realtime, now);
  if (!sip_call_id.empty()) {
    remember_key(sip_key(sip_call_id), agent::Api::realtime, now);
  }
}

std::optional<Action> Decider::known(const Offer& offer) const {
  if (decided_.contains(id_key(offer.id))) {
    return Action::duplicate;
  }
  const auto same_id = [&](const Held& held) { return held.decision.offer.id == offer.id; };
  if (std::ranges::any_of(held_, same_id)) {
    return Action::duplicate;
  }
  if (offer.sip_call_id().empty()) {
    return std::nullopt;
  }
  const auto found = decided_.find(sip_key(offer.sip_call_id()));
  if (found == decided_.end()) {
    return std::nullopt;
  }
  return found->second == offer.api ? Action::duplicate : Action::other_api;
}

void Decider::remember(const Offer& offer, TimePoint now) {
  remember_key(id_key(offer.id), offer.api, now);
  if (!offer.sip_call_id().empty()) {
    remember_key(sip_key(offer.sip_call_id()), offer.api, now);
  }
}

void Decider::remember_key(std::uint64_t key, agent::Api api, TimePoint now) {
  if (decided_.emplace(key, api).second) {
    oldest_first_.emplace_back(now, key);
  }
}

void Decider::forget_old(TimePoint now) {
  while (!oldest_first_.empty() && (oldest_first_.size() > options_.remember_at_most ||
                                    now - oldest_first_.front().first > options_.remember)) {
    decided_.erase(oldest_first_.front().second);
    oldest_first_.pop_front();
  }
}

void Decider::drop_held(std::string_view sip_call_id) {
  if (!sip_call_id.empty()) {
    std::erase_if(
        held_, [&](const Held& held) { return held.decision.offer.sip_call_id() == sip_call_id; });
  }
}

}  // namespace offhook::serve
