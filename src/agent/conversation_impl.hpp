#pragma once

#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include "agent/conversation.hpp"
#include "agent/dialogue/dialogue.hpp"
#include "net/event.hpp"
#include "openai/calls_api.hpp"
#include "openai/live_api.hpp"
#include "openai/sideband.hpp"

namespace offhook::agent {

/// A conversation's sockets, requests, timers and tools: does what its Dialogue says.
///
/// `run` and `resume` race four loops, each the only one to do its thing: `follow` attaches, reads
/// and attaches again; `work` sends and keeps the time; `do_errands` speaks REST; `wait_for_end`
/// sees what another one has decided. Tools run beside them.
class Conversation::Impl : public std::enable_shared_from_this<Conversation::Impl> {
 public:
  Impl(ConversationServices services, AgentProfile profile, PendingCall call);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() = default;

  [[nodiscard]] boost::asio::awaitable<ConversationResult> run();
  [[nodiscard]] boost::asio::awaitable<ConversationResult> resume();
  boost::asio::awaitable<void> close();

  void say(std::string words);
  void instruct(std::string text);
  void hang_up(std::string reason);
  void say_goodbye(std::string words, std::string reason);
  void transfer(std::string target_uri);
  void play(std::string pcm_24khz);
  void end(ConversationEnd end, std::string reason, Error error = {});
  /// The same when the call may be up all the same.
  void give_up(ConversationEnd end, std::string reason, Error error);

  [[nodiscard]] const PendingCall& call() const noexcept { return call_; }
  [[nodiscard]] const AgentProfile& profile() const noexcept { return profile_; }
  [[nodiscard]] const Dialogue& dialogue() const noexcept { return *dialogue_; }
  [[nodiscard]] bool may_be_accepted() const noexcept { return may_be_accepted_; }
  [[nodiscard]] std::optional<Timeline::Clock::time_point> accepted_at() const noexcept {
    return accepted_at_;
  }
  [[nodiscard]] std::uint64_t malformed_events() const noexcept { return malformed_events_; }
  [[nodiscard]] bool tools_running() const noexcept { return !tools_.empty(); }

 private:
  /// Something to do over REST.
  struct Errand {
    bool hang_up = false;  ///< Else transfer.
    std::string text;      ///< Reason or target.
  };
  struct Over {
    ConversationEnd end = ConversationEnd::caller_gone;
    std::string reason;
    Error error{};
    bool may_be_up = false;
  };

  [[nodiscard]] Moment moment() const;
  [[nodiscard]] boost::asio::awaitable<bool> accept();
  [[nodiscard]] boost::asio::awaitable<ConversationResult> converse(bool resuming);

  [[nodiscard]] boost::asio::awaitable<bool> follow(bool resuming);
  [[nodiscard]] boost::asio::awaitable<bool> attach(bool resuming);
  [[nodiscard]] boost::asio::awaitable<bool> attach_again(Timeline::Clock::time_point dropped,
                                                          bool resuming);
  void mark_gap(Timeline::Clock::time_point dropped, const Moment& now, bool resuming);
  [[nodiscard]] boost::asio::awaitable<Result<openai::Sideband>> open_sideband(
      std::chrono::milliseconds patience);
  boost::asio::awaitable<void> adopt_unfinished();
  [[nodiscard]] boost::asio::awaitable<Timeline::Clock::time_point> read_until_drop();
  [[nodiscard]] boost::asio::awaitable<bool> work();
  [[nodiscard]] boost::asio::awaitable<bool> do_errands();
  [[nodiscard]] boost::asio::awaitable<bool> hang_up_over_rest(std::string reason);
  [[nodiscard]] boost::asio::awaitable<bool> wait_for_end();
  boost::asio::awaitable<void> end_tools(bool cancel_at_once, std::chrono::seconds patience);

  void on_text(std::string_view text);
  void on_malformed(std::string_view why);
  void on_sideband_over();
  void obey();
  void obey(Effect effect);
  void enqueue(SendEvent event);
  void tell_usage();

  // Tools: conversation_tools.cpp.
  void start_tool(StartTool start);
  void record_sent(std::string function_call_id);
  template <class Work>
  void spawn(Work work);
  static boost::asio::awaitable<void> run_tool(std::shared_ptr<Impl> self, StartTool start);
  static boost::asio::awaitable<void> tell_sent(std::shared_ptr<Impl> self,
                                                std::string function_call_id);
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> outcome_of(StartTool start);
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> perform(StartTool start);
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> press(ToolCall call);
  [[nodiscard]] boost::asio::awaitable<Result<>> refer(std::string target);

  ConversationServices services_;
  AgentProfile profile_;
  PendingCall call_;
  std::variant<openai::CallsApi, openai::LiveApi> api_;
  std::unique_ptr<Dialogue> dialogue_;
  std::optional<openai::Sideband> sideband_;
  bool may_be_accepted_ = false;
  bool accepted_before_ = false;  ///< By an earlier process, which had no time to greet.
  std::optional<Timeline::Clock::time_point> accepted_at_;
  Timeline::Clock::time_point attached_at_{};  ///< The sideband that is there, or was last.
  std::uint64_t malformed_events_ = 0;

  std::deque<SendEvent> outbox_;
  boost::asio::steady_timer wake_;  ///< Of `work`.
  std::deque<Errand> errands_;
  net::Event errands_changed_;
  bool hanging_up_ = false;
  bool referred_ = false;
  std::optional<Over> over_;
  net::Event changed_;  ///< `over_` or `pressing_`, or the sideband is there or gone.

  std::set<std::string> pressing_;  ///< Function calls whose keys are not all sent yet.
  std::set<std::string> claimed_;   ///< Function calls whose output has not arrived yet.
  std::list<boost::asio::cancellation_signal> tools_;
  net::Event tool_ended_;
  Usage told_usage_;
};

}  // namespace offhook::agent
