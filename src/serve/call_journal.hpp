#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "agent/admission.hpp"
#include "agent/conversation.hpp"
#include "agent/tool.hpp"
#include "base/error.hpp"
#include "base/timeline.hpp"
#include "serve/call_conversation.hpp"
#include "serve/offer.hpp"

namespace offhook::serve {

/// A call as the journal keeps it, enough to go on with it after a restart.
struct JournalCall {
  Offer offer;
  std::string agent;
  std::string model;
  std::string caller;
  std::string called;
  std::int64_t began = 0;  ///< Unix seconds.
  agent::Usage used{};     ///< So far, of a call that is gone on with.
  bool outbound = false;   ///< Placed by us.
  /// An earlier process was killed between its accept and its entry: it may have been accepted.
  bool accept_in_doubt = false;
};

/// The beginning of the ids of calls that we are placing, until the API has told theirs.
inline constexpr std::string_view provisional_prefix = "dial_";

struct JournalEnding {
  std::string call_id;
  std::string outcome;
  std::string reason;
  double seconds = 0;  ///< Since the accept, by a clock that nobody sets.
  agent::Usage usage;
};

/// How a call ends in the journal whose process was gone before the API had told its id.
[[nodiscard]] JournalEnding never_named(const JournalCall& call);

/// What ended calls of one caller have used in the last 24 hours.
struct PastUse {
  std::string caller;
  agent::UsageSums used;
};

struct JournalHealth {
  bool ok = true;
  std::string why;  ///< When not ok: "no space left on device".
  std::size_t queue = 0;
  std::uint64_t commits = 0;
  std::uint64_t writes = 0;
  std::uint64_t failures = 0;
  std::uint64_t outages = 0;          ///< That began.
  std::chrono::milliseconds down{0};  ///< How long they have lasted in all.
};

/// An outage of the journal began, or is over.
struct JournalChange {
  bool ok = false;
  std::string why;                      ///< When not ok.
  std::chrono::milliseconds lasted{0};  ///< When ok.
};

/// Where calls are kept. The awaitable operations are durable once they have returned; the others
/// are written soon afterwards, in order. One executor. Calls go on when it fails.
class CallJournal {
 public:
  CallJournal() = default;
  CallJournal(const CallJournal&) = delete;
  CallJournal& operator=(const CallJournal&) = delete;
  virtual ~CallJournal() = default;

  /// Before the accept of a call that is opened beside it: at once, and outlives the process.
  virtual void announce(const JournalCall& call) = 0;
  /// @return false when this call (by id, webhook-id or SIP Call-ID) is there already.
  [[nodiscard]] virtual boost::asio::awaitable<Result<bool>> open_call(JournalCall call) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<>> end_call(JournalEnding ending) = 0;
  /// The API has told the id of a call that was opened under a provisional one.
  [[nodiscard]] virtual boost::asio::awaitable<Result<>> name_call(std::string provisional,
                                                                   std::string call_id) = 0;
  /// Calls that were opened or announced and not ended, as a crash leaves them. They are this
  /// process's now; those whose accept is in doubt are to be opened by it.
  /// @param call_id  Only this one; empty: all.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::vector<JournalCall>>> take_over(
      std::string call_id) = 0;

  [[nodiscard]] virtual boost::asio::awaitable<Result<std::vector<PastUse>>> last_day() = 0;

  virtual void message(const std::string& call_id,
                       std::string_view direction,
                       std::string_view json,
                       double at_ms) = 0;
  virtual void mark(const std::string& call_id, const Mark& mark) = 0;
  virtual void said(const std::string& call_id, const Said& line) = 0;
  virtual void usage(const std::string& call_id, const agent::Usage& usage) = 0;

  [[nodiscard]] virtual agent::ToolLedger& ledger() noexcept = 0;
  [[nodiscard]] virtual JournalHealth health() const = 0;
  /// From now on `told` is called on `executor` when an outage begins or is over, in order and
  /// however short it was. A change that is under way may still reach whoever was told before.
  virtual void watch(boost::asio::any_io_executor executor,
                     std::function<void(const JournalChange&)> told) = 0;
};

}  // namespace offhook::serve
