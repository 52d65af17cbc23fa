#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "agent/tool.hpp"
#include "openai/conversation_item.hpp"

namespace offhook::agent {

/// Runs a tool that a conversation does not perform itself; `FunctionCalls::finished` tells.
struct StartTool {
  ToolCall call;
  const ToolConfig* config = nullptr;
};
/// All calls of one response are done: give the model their outputs at once.
struct AnswerCalls {
  struct Output {
    std::string function_call_id;
    std::string item_id;  ///< For the output item: the same for the same call, so that it is
                          ///< refused as a duplicate when it is sent again.
    std::string text;
  };
  std::vector<Output> outputs;
  bool respond = true;  ///< The model is to go on.
};
/// A tool takes its time.
struct SayFiller {
  std::string function_call_id;
  std::string words;
};
/// The model ended the call.
struct EndCall {
  std::string reason;
  std::string response_id;  ///< In which it did.
  bool said_something = false;
};
using FunctionAction = std::variant<StartTool, AnswerCalls, SayFiller, EndCall>;

/// The function calls of one conversation: collects those of one response, has them run in
/// parallel, and answers all together, also when the caller has interrupted meanwhile. No I/O.
///
/// Calls of no known tool and with unfit arguments are answered with what the model can do about
/// it. A call that was seen before is left alone.
class FunctionCalls {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// @param tools  Must outlive this.
  FunctionCalls(std::string call_id, const std::vector<ToolConfig>& tools);

  /// A response is complete. @param output  Its items; an incomplete call is none.
  void on_response(std::string_view response_id,
                   std::span<const openai::ConversationItem> output,
                   Time now);
  /// A call that had been left unanswered, with an item of type function_call.
  void on_unanswered(const openai::ConversationItem& item, Time now);
  /// A tool has returned. Unknown ids and second results are left alone.
  void finished(std::string_view function_call_id, std::string output, Time now);
  void on_time(Time now);
  [[nodiscard]] std::optional<Time> deadline() const;

  [[nodiscard]] std::vector<FunctionAction> take_actions() { return std::exchange(actions_, {}); }
  [[nodiscard]] bool idle() const noexcept { return batches_.empty(); }
  [[nodiscard]] bool seen(std::string_view function_call_id) const;

 private:
  struct Running {
    std::string function_call_id;
    std::string item_id;
    std::optional<std::string> output;
    const Filler* filler = nullptr;
    Time filler_at = Time::max();
  };
  struct Batch {
    std::vector<Running> calls;
    bool respond = false;
  };

  /// @return whether `item` is a call that is now in `batch`.
  bool add(Batch& batch,
           const openai::ConversationItem& item,
           std::string_view response_id,
           Time now);
  void start(Running& running, const openai::ConversationItem& item, Time now);
  void remember(std::string_view function_call_id);
  void answer_complete_batches();
  [[nodiscard]] const ToolConfig* find(std::string_view name) const;

  std::string call_id_;
  const std::vector<ToolConfig>& tools_;
  std::deque<Batch> batches_;
  std::deque<std::string> seen_;
  std::vector<FunctionAction> actions_;
};

/// The id of the item that answers a function call: at most 32 characters, always the same.
[[nodiscard]] std::string output_item_id(std::string_view function_call_id);

/// The item that a call was made by.
[[nodiscard]] openai::ConversationItem as_item(const ToolCall& call);

/// `{"error": text}`, for the model.
[[nodiscard]] std::string error_output(std::string_view text);

}  // namespace offhook::agent
