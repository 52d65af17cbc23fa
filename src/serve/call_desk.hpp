#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "openai/webhook.hpp"
#include "serve/call_conversation.hpp"
#include "serve/call_journal.hpp"
#include "serve/call_policy.hpp"
#include "serve/call_record.hpp"
#include "serve/decider.hpp"
#include "serve/event_feed.hpp"
#include "serve/metrics.hpp"

namespace offhook::serve {

struct CallDeskOptions {
  DeciderOptions decider{};
  std::size_t resume_at_once =
      32;  ///< Sidebands that are attached at the same time after a restart.
  std::chrono::milliseconds resume_jitter{200};
  std::size_t remember_ended = 200;  ///< Ended calls that lists still show.
};

struct CallDeskServices {
  boost::asio::any_io_executor executor;
  CallPolicy& policy;
  CallJournal& journal;
  EventFeed& feed;
  Metrics& metrics;
  MakeConversation make_conversation;
  RejectCall reject;
  HangUpCall hang_up;
};

/// Takes the webhooks of a project, decides every call once, and holds the conversations of those
/// that it took until they are over.
///
/// The accept request is begun in the same turn of the loop in which the webhook was verified; the
/// journal's entry is written at the same time, not before (docs/decisions/0018). One executor; the
/// services must outlive it.
class CallDesk {
 public:
  explicit CallDesk(CallDeskServices services, CallDeskOptions options = {});
  /// Lets go of what still runs; the calls themselves go on.
  ~CallDesk();
  CallDesk(const CallDesk&) = delete;
  CallDesk& operator=(const CallDesk&) = delete;

  /// A verified delivery.
  void on_webhook(openai::WebhookEvent event, std::string webhook_id);

  /// Calls that an earlier process has decided: their webhooks are repetitions from now on.
  void know(const std::vector<JournalCall>& calls);
  /// Goes on with such calls, a few at a time. Returns how many, once all have been begun.
  [[nodiscard]] boost::asio::awaitable<std::size_t> resume_calls(std::vector<JournalCall> calls);

  enum class DrainEnd : std::uint8_t {
    goodbye,   ///< What is still up when time runs short is told goodbye, then hung up.
    hand_over  ///< Calls are let go of at once; whoever has the journal goes on with them.
  };
  /// No new calls from now on; returns when all calls are over, after `limit` at the latest.
  [[nodiscard]] boost::asio::awaitable<void> drain(std::chrono::milliseconds limit, DrainEnd end);
  /// Only the first half of it: new calls are rejected.
  void refuse_new_calls();
  [[nodiscard]] bool draining() const noexcept;

  [[nodiscard]] std::size_t live_calls() const noexcept;
  [[nodiscard]] std::size_t held_offers() const noexcept;
  /// Live ones first, then ended ones, latest first.
  [[nodiscard]] std::vector<CallRecord> calls() const;
  /// @return null when there is no such call (any more).
  [[nodiscard]] const CallRecord* find(std::string_view id) const;
  /// @return null unless the call is up.
  [[nodiscard]] CallConversation* conversation(std::string_view id);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace offhook::serve
