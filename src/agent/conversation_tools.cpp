#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/json/value.hpp>

#include "agent/conversation_impl.hpp"
#include "base/json.hpp"
#include "base/race.hpp"

namespace offhook::agent {

namespace asio = boost::asio;
namespace json = boost::json;
using Clock = Timeline::Clock;

namespace {

constexpr std::size_t longest_output = 64U << 10U;
constexpr std::string_view unknown_outcome =
    R"({"status":"unknown","note":"it may or may not have been done; do not assume either"})";

std::string shortened(std::string output) {
  if (output.size() > longest_output) {
    std::size_t cut = longest_output;
    while (cut > 0 && (static_cast<unsigned char>(output[cut]) & 0xC0U) == 0x80U) {
      --cut;  // not within a character of UTF-8
    }
    output.resize(cut);
    output += " … (the rest was cut off)";
  }
  return output;
}

}  // namespace

/// Runs beside the conversation, which waits for its end before it is over itself.
template <class Work>
void Conversation::Impl::spawn(Work work) {
  const auto entry = tools_.emplace(tools_.end());
  auto ended = [self = shared_from_this(), entry](const std::exception_ptr& failure) {
    self->tools_.erase(entry);
    self->tool_ended_.notify();
    if (failure && !self->over_) {
      self->services_.timeline.mark("tool", "failed", {{"error", "it was cut off"}});
    }
  };
  asio::co_spawn(services_.executor, std::move(work),
                 asio::bind_cancellation_slot(entry->slot(), std::move(ended)));
}

void Conversation::Impl::start_tool(StartTool start) {
  spawn(run_tool(shared_from_this(), std::move(start)));
}

void Conversation::Impl::record_sent(std::string function_call_id) {
  if (claimed_.erase(function_call_id) == 0) {
    return;  // answered without running anything: the ledger knows nothing of it
  }
  spawn(tell_sent(shared_from_this(), std::move(function_call_id)));
}

asio::awaitable<void> Conversation::Impl::tell_sent(std::shared_ptr<Impl> self,
                                                    std::string function_call_id) {
  const auto recorded = co_await self->services_.ledger.sent(self->call_.id, function_call_id);
  if (!recorded) {
    self->services_.timeline.mark("tool", "not_recorded", {{"error", recorded.error().detail}});
  }
}

asio::awaitable<void> Conversation::Impl::run_tool(std::shared_ptr<Impl> self, StartTool start) {
  const std::string id = start.call.function_call_id;
  const std::string name = start.call.name;
  self->services_.timeline.mark("tool", "called", {{"tool", name}, {"function_call_id", id}});
  const auto began = Clock::now();
  auto outcome = co_await self->outcome_of(std::move(start));
  json::object detail{
      {"tool", name},
      {"function_call_id", id},
      {"ms", std::chrono::duration<double, std::milli>(Clock::now() - began).count()}};
  if (!outcome) {
    detail["error"] = outcome.error().detail;
  }
  self->services_.timeline.mark("tool", "done", std::move(detail));
  std::string output = outcome ? std::move(*outcome) : error_output(outcome.error().detail);
  self->dialogue_->tool_finished(id, shortened(std::move(output)), self->moment());
  self->obey();
}

/// Claims, performs, and records what came of it: in that order, so that nothing has an effect that
/// the ledger does not know of.
asio::awaitable<Result<std::string>> Conversation::Impl::outcome_of(StartTool start) {
  ToolCall call = start.call;
  const auto claim = co_await services_.ledger.claim(call);
  if (!claim) {
    co_return fail(claim.error().code, "not done, because it could not be recorded");
  }
  claimed_.insert(call.function_call_id);
  using State = ToolLedger::State;
  if (claim->before == State::done || claim->before == State::sent) {
    co_return claim->output;
  }
  std::string output{unknown_outcome};
  std::optional<Error> failure;
  if (claim->before == State::fresh || start.config->in_doubt == InDoubt::retry) {
    auto performed = co_await perform(std::move(start));
    if (performed) {
      output = shortened(std::move(*performed));
    } else {
      failure = std::move(performed).error();
      output = error_output(failure->detail);
    }
  }
  const auto recorded =
      co_await services_.ledger.finish(call.call_id, call.function_call_id, output);
  if (!recorded) {
    services_.timeline.mark("tool", "not_recorded", {{"error", recorded.error().detail}});
  }
  if (failure) {
    co_return fail(std::move(*failure));
  }
  co_return output;
}

asio::awaitable<Result<std::string>> Conversation::Impl::perform(StartTool start) {
  if (start.config->kind == ToolConfig::Kind::send_digits) {
    auto pressed = co_await press(std::move(start.call));
    co_return pressed;
  }
  if (start.config->kind == ToolConfig::Kind::transfer) {
    const json::value arguments = start.call.arguments;
    std::string target{json_string(arguments, "target")};
    const auto referred = co_await refer(std::move(target));
    if (!referred) {
      co_return fail(referred.error());
    }
    co_return std::string{R"({"status":"accepted","note":"the call leaves you now"})"};
  }
  auto tool = services_.make_tool(*start.config);
  if (!tool) {
    co_return fail(std::move(tool).error());
  }
  const auto limit = start.config->timeout;
  auto output = co_await with_timeout((*tool)->run(std::move(start.call)), limit);
  if (!output && output.error().code == Errc::timed_out) {
    co_return fail(Errc::timed_out, "no answer within " + std::to_string(limit.count()) + " ms");
  }
  co_return output;
}

/// Done when the last key is on the wire, so that a crash before leaves the call in doubt.
asio::awaitable<Result<std::string>> Conversation::Impl::press(ToolCall call) {
  if (call_.api != Api::live) {
    co_return fail(Errc::unsupported, "keys can only be pressed in calls of the Live API");
  }
  const std::string id = call.function_call_id;
  const json::value arguments = std::move(call.arguments);
  if (!dialogue_->press(id, json_string(arguments, "digits"), moment())) {
    co_return fail(Errc::refused, "no key was pressed: none is named, or too many are waiting");
  }
  pressing_.insert(id);
  obey();
  while (pressing_.contains(id) && (!over_ || over_->end == ConversationEnd::released)) {
    co_await changed_.wait();  // of a released call, what is left is in doubt
  }
  if (pressing_.erase(id) > 0) {
    co_return fail(Errc::refused, "the call ended before all keys were pressed");
  }
  co_return std::string{R"({"status":"sent"})"};
}

asio::awaitable<void> Conversation::Impl::end_tools(bool cancel_at_once,
                                                    std::chrono::seconds patience) {
  const auto cancel_all = [this] {
    for (asio::cancellation_signal& tool : tools_) {
      tool.emit(asio::cancellation_type::terminal);
    }
  };
  asio::steady_timer limit{services_.executor, patience};
  const auto late = std::make_shared<bool>(cancel_at_once);
  if (cancel_at_once) {
    cancel_all();
  } else {
    limit.async_wait([self = shared_from_this(), late](const boost::system::error_code& failure) {
      if (!failure) {
        *late = true;
        self->tool_ended_.notify();
      }
    });
  }
  bool cancelled = cancel_at_once;
  while (!tools_.empty()) {
    if (*late && !std::exchange(cancelled, true)) {
      cancel_all();
    }
    co_await tool_ended_.wait();
  }
}

}  // namespace offhook::agent
