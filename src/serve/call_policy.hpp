#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/profile.hpp"
#include "serve/offer.hpp"

namespace offhook::serve {

/// A refused call: the SIP status its caller gets, and why, for the log.
struct Refusal {
  int sip_status = 603;
  std::string why;
};

/// What is decided about a call: an agent, or a refusal.
struct Choice {
  std::shared_ptr<const agent::AgentProfile> agent;  ///< Null: `refusal` holds.
  Refusal refusal{};
};

struct Parties {
  std::string caller;  ///< Empty: unknown.
  std::string called;
};

/// What an earlier process has seen of a call that goes on.
struct EarlierUse {
  std::chrono::seconds age{0};  ///< Since the accept.
  std::uint64_t tokens = 0;
  bool placed = false;  ///< By us: counts in no quota.
};

/// Who takes which call. The agent file is one; it can be exchanged while calls run.
class CallPolicy {
 public:
  CallPolicy() = default;
  CallPolicy(const CallPolicy&) = delete;
  CallPolicy& operator=(const CallPolicy&) = delete;
  virtual ~CallPolicy() = default;

  [[nodiscard]] virtual Parties parties(const Offer& offer) const = 0;
  /// By the routing rules, before any limit.
  [[nodiscard]] virtual Choice route(const Offer& offer) = 0;
  /// Reserves a place for the call, or says which limit is reached.
  /// @return the agent with its limits narrowed to what is left for this call.
  [[nodiscard]] virtual Choice admit(const Offer& offer,
                                     std::shared_ptr<const agent::AgentProfile> agent) = 0;
  /// A call of an earlier process that goes on: takes its place whatever the limits.
  /// @return the agent with its limits narrowed to what others have left for this call, and time
  ///         for a goodbye; null when the agent file has no agent of that name any more.
  [[nodiscard]] virtual std::shared_ptr<const agent::AgentProfile> resume(
      const Offer& offer, const std::string& agent, const EarlierUse& earlier) = 0;
  /// A running call has used so many tokens by now.
  /// @return which quota it and those beside it have used up, for the log; empty: none.
  [[nodiscard]] virtual std::string used(const std::string& call_id, std::uint64_t tokens) = 0;
  /// A call that was admitted (or resumed) is over.
  virtual void ended(const std::string& call_id,
                     std::chrono::seconds duration,
                     std::uint64_t tokens) = 0;
};

}  // namespace offhook::serve
