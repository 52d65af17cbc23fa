#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "serve/call_policy.hpp"
#include "serve/offer.hpp"

namespace offhook::serve {

/// What is done about an offer. The names are the `outcome` of offhook_webhooks_total.
enum class Action : std::uint8_t {
  take,       ///< Accept it and converse.
  reject,     ///< Reject it with `sip_status`.
  hold,       ///< Not now: the agent wants the other API's offer of this call.
  duplicate,  ///< This call has been decided already.
  other_api,  ///< The call has been decided by its offer to the other API.
  stale,      ///< The call behind it is long gone.
  test,       ///< A test delivery: no call behind it.
};
[[nodiscard]] std::string_view to_string(Action action) noexcept;

struct Decision {
  Action action = Action::test;
  Offer offer;
  std::shared_ptr<const agent::AgentProfile> agent{};  ///< With `take` and `hold`.
  int sip_status = 0;                                  ///< With `reject`.
  std::string why{};                                   ///< With `reject`, `hold` and `stale`.
};

struct DeciderOptions {
  /// Older offers are of calls that nobody waits in any more (72 h of repetitions are possible).
  std::chrono::seconds stale_after{300};
  /// How long to wait for the offer to the API that the agent wants.
  std::chrono::milliseconds other_api_wait{2'000};
  int other_api_status = 480;
  int draining_status = 503;
  /// How long decided calls are remembered, and how many at most.
  std::chrono::seconds remember{std::chrono::hours{73}};
  std::size_t remember_at_most = 200'000;
};

/// Decides every pending call exactly once. Pure: fed with offers and the time; the caller obeys.
///
/// One call has one SIP Call-ID, and one id per API. An offer is a repetition when either is known.
/// The agent's `api` says which of a call's offers is taken; when the other comes first it is held
/// for `other_api_wait`, because the two webhooks arrive in any order. When that time is up the
/// call is rejected: a session of one API means nothing to the other, and silence would leave the
/// caller ringing.
class Decider {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit Decider(DeciderOptions options = {}) : options_{options} {}

  /// @param now  Never before that of an earlier call. @param unix_now  Seconds since 1970.
  [[nodiscard]] Decision on_offer(Offer offer,
                                  CallPolicy& policy,
                                  TimePoint now,
                                  std::int64_t unix_now);
  /// Held offers whose time is up by `now`, rejected.
  [[nodiscard]] std::vector<Decision> on_time(TimePoint now);
  /// When `on_time` has something to do next.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  /// From now on every new call is rejected.
  void drain() noexcept { draining_ = true; }
  [[nodiscard]] bool draining() const noexcept { return draining_; }
  /// A call that an earlier process had decided.
  void know(const std::string& id, const std::string& sip_call_id, TimePoint now);

  [[nodiscard]] std::size_t held() const noexcept { return held_.size(); }

 private:
  struct Held {
    Decision decision;
    TimePoint until;
  };

  [[nodiscard]] std::optional<Action> known(const Offer& offer) const;
  void remember(const Offer& offer, TimePoint now);
  void remember_key(std::uint64_t key, agent::Api api, TimePoint now);
  void forget_old(TimePoint now);
  void drop_held(std::string_view sip_call_id);
  [[nodiscard]] Decision decide_new(Offer offer, CallPolicy& policy, TimePoint now);

  DeciderOptions options_;
  bool draining_ = false;
  std::vector<Held> held_;
  /// Hashes of "id:…" and "sip:…": of 200 000 keys, two are alike with a chance of 1 in 10⁹.
  std::unordered_map<std::uint64_t, agent::Api> decided_;
  std::deque<std::pair<TimePoint, std::uint64_t>> oldest_first_;
};

}  // namespace offhook::serve
