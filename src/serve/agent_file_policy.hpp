#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "agent/agent_file.hpp"
#include "serve/call_policy.hpp"
#include "serve/usage_window.hpp"

namespace offhook::serve {

/// Routing, limits and agents of an agent file. The file can be exchanged at any time: calls keep
/// the agent that they began with, and what has been used stays counted. One executor.
class AgentFilePolicy : public CallPolicy {
 public:
  using Clock = std::function<std::int64_t()>;  ///< Seconds, monotonic.

  explicit AgentFilePolicy(std::shared_ptr<const agent::AgentFile> file, Clock clock = {});

  void replace(std::shared_ptr<const agent::AgentFile> file) { file_ = std::move(file); }
  /// What an earlier process has used up; counts for another 24 hours, to be on the safe side.
  void add_past(const std::string& caller, const agent::UsageSums& used);

  [[nodiscard]] Parties parties(const Offer& offer) const override;
  [[nodiscard]] Choice route(const Offer& offer) override;
  [[nodiscard]] Choice admit(const Offer& offer,
                             std::shared_ptr<const agent::AgentProfile> agent) override;
  [[nodiscard]] std::shared_ptr<const agent::AgentProfile> resume(
      const Offer& offer, const std::string& agent, const EarlierUse& earlier) override;
  [[nodiscard]] std::string used(const std::string& call_id, std::uint64_t tokens) override;
  void ended(const std::string& call_id,
             std::chrono::seconds duration,
             std::uint64_t tokens) override;

 private:
  struct Running {
    std::string caller;
    std::int64_t began = 0;
    std::uint64_t tokens = 0;  ///< Used so far.
    bool placed = false;       ///< By us: counts in no quota.
  };
  /// @param but  A call that is left out.
  [[nodiscard]] agent::AdmissionState state(const std::string& caller, const std::string& but = {});
  [[nodiscard]] std::shared_ptr<const agent::AgentProfile> find(const std::string& name) const;

  std::shared_ptr<const agent::AgentFile> file_;
  Clock clock_;
  UsageWindow used_;
  std::unordered_map<std::string, Running> running_;
};

}  // namespace offhook::serve
