#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "serve/call_conversation.hpp"
#include "serve/call_journal.hpp"
#include "serve/call_meter.hpp"
#include "serve/call_policy.hpp"
#include "serve/call_record.hpp"
#include "serve/call_writer.hpp"
#include "serve/event_feed.hpp"
#include "serve/metrics.hpp"

namespace offhook::serve {

/// One call that is up: its conversation, and all that listens to it. One executor.
class ActiveCall {
 public:
  struct Parts {
    CallJournal& journal;
    EventFeed& feed;
    Metrics& metrics;
    CallPolicy& policy;
    const MakeConversation& make_conversation;
  };

  /// What an earlier process has seen of a call that is gone on with.
  struct Earlier {
    agent::Usage used{};
    std::int64_t began = 0;  ///< Seconds since 1970.
    bool outbound = false;   ///< It had been placed by us.
    bool accept_in_doubt = false;
  };

  /// @param decided_at  When the webhook had been verified.
  ActiveCall(Parts parts,
             const Offer& offer,
             const agent::AgentProfile& profile,
             Parties parties,
             Timeline::Clock::time_point decided_at,
             Earlier earlier);
  ActiveCall(const ActiveCall&) = delete;
  ActiveCall& operator=(const ActiveCall&) = delete;

  [[nodiscard]] CallConversation& conversation() noexcept { return *conversation_; }
  /// @param lost  The sideband was given up, although the call may be up.
  void count_end(bool lost) { meter_.on_end(lost); }
  /// Since the decision, by a clock that nobody sets.
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(Timeline::Clock::now() - decided_at_).count();
  }
  [[nodiscard]] CallRecord& record() noexcept { return record_; }
  [[nodiscard]] const CallRecord& record() const noexcept { return record_; }

 private:
  void on_mark(const Mark& mark);
  void on_message(std::string_view direction, std::string_view json, double at_ms);
  void on_said(const Said& line);
  void on_usage(const agent::Usage& usage);

  EventFeed& feed_;
  CallPolicy& policy_;
  std::string goodbye_;  ///< When a quota is used up.
  bool quota_used_up_ = false;
  CallRecord record_{};
  CallWriter writer_;
  CallMeter meter_;
  Timeline::Clock::time_point decided_at_;
  Timeline timeline_;
  Timeline::Subscription subscription_{};
  std::unique_ptr<CallConversation> conversation_;
};

}  // namespace offhook::serve
