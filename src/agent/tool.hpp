#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include "agent/profile.hpp"
#include "base/error.hpp"

namespace offhook::agent {

/// One call of a tool by the model.
struct ToolCall {
  std::string call_id;           ///< Of the phone call.
  std::string function_call_id;  ///< Of the function call, unique within the phone call.
  std::string name;
  boost::json::object arguments;  ///< Valid by the tool's schema.
  /// The same for every attempt at this very function call, also after a crash.
  std::string idempotency_key;
};

/// Does what a tool does. One executor; must outlive its coroutines.
class Tool {
 public:
  Tool() = default;
  Tool(const Tool&) = delete;
  Tool& operator=(const Tool&) = delete;
  virtual ~Tool() = default;

  /// @return the text for the model (JSON as a rule), or why there is none. Cancellable; the time
  ///         limit of ToolConfig is the caller's business.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::string>> run(ToolCall call) = 0;
};

/// A tool written in C++ by the embedding program.
using ToolFunction = std::function<boost::asio::awaitable<Result<std::string>>(ToolCall)>;

/// Where the states claimed → done → sent of every function call are kept, so that none takes
/// effect twice. Each operation is durable once it has returned.
///
/// The journal is one; `offhook call` keeps them in memory.
class ToolLedger {
 public:
  enum class State : std::uint8_t { fresh, claimed, done, sent };
  struct Claim {
    State before = State::fresh;  ///< What was known of it; `fresh`: run it now.
    std::string output;           ///< With `done` and `sent`: what it returned.
  };

  ToolLedger() = default;
  ToolLedger(const ToolLedger&) = delete;
  ToolLedger& operator=(const ToolLedger&) = delete;
  virtual ~ToolLedger() = default;

  /// A call that an earlier process has claimed and not sent.
  struct Unfinished {
    ToolCall call;
    State state = State::claimed;  ///< Or `done`.
  };

  [[nodiscard]] virtual boost::asio::awaitable<Result<Claim>> claim(ToolCall call) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<>> finish(std::string call_id,
                                                                std::string function_call_id,
                                                                std::string output) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<>> sent(std::string call_id,
                                                              std::string function_call_id) = 0;

  /// What a conversation that is taken over has to finish. `claim` then tells each one's state and
  /// output. Ledgers that do not outlive their process have none.
  [[nodiscard]] virtual boost::asio::awaitable<std::vector<Unfinished>> unfinished(
      std::string /*call_id*/) {
    co_return std::vector<Unfinished>{};
  }
};

}  // namespace offhook::agent
