#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json/array.hpp>

#include "sim/persona_script.hpp"

namespace offhook::sim {

/// A function for the model to call.
struct CallFunction {
  std::string name;
  std::string arguments;             ///< JSON text.
  std::vector<CallFunction> also{};  ///< More calls in the same response; theirs are not used.
  std::string server{};              ///< Label of the server whose tool it is; empty: a function.
  bool needs_approval = false;       ///< The server's tool waits for the controller's word.
};

/// Something for the model to say.
struct Say {
  std::string text;
  std::vector<CallFunction> also{};  ///< Calls in the same response, after the words.
};

using Reply = std::variant<Say, CallFunction>;

/// A reply, or the next of its parts while it is thought of: words, and at last calls.
struct ReplyPart {
  std::string words{};
  std::vector<CallFunction> calls{};
  bool last = true;
};
[[nodiscard]] ReplyPart whole(Reply reply);

/// Said when the mind that was asked for a reply fails.
inline constexpr std::string_view no_thought = "Sorry, I cannot answer that right now.";

/// Everything that a reply may depend on.
struct Prompt {
  std::string instructions{};          ///< Of this response.
  std::string session_instructions{};  ///< Of the session.
  std::string heard{};                 ///< What the caller said last; empty when no word is known.
  bool caller_spoke = false;           ///< The conversation holds a turn of the caller.
  bool interrupted = false;            ///< … with which the caller cut the model short.
  boost::json::array tools{};          ///< Functions that may be called.
  std::string must_call{};             ///< The one that is to be called, whatever was heard.
  bool may_call = true;
  std::string tool_output{};  ///< Of the function called last, when it is the newest item.
  std::vector<std::string> earlier_outputs{};  ///< Of those that were called together with it.
};

/// What the sim's model says: no intelligence. Either answers in turn, or the rules of a script.
///
/// An answer of the form `call:NAME {json}` calls that function. Instructions that dictate ("Say
/// Hi.") are followed word for word, and so is the simple task "ask for the order number, then call
/// lookup_order".
class Persona {
 public:
  /// @param replies  Answers to the caller, in turn and round again; empty: the default script,
  ///                 and a default set of answers for a caller whose words are not known.
  explicit Persona(std::vector<std::string> replies);
  /// @param replies  Not empty: these, and of the script only the greeting.
  Persona(PersonaScript script, std::vector<std::string> replies);

  [[nodiscard]] Reply reply(const Prompt& prompt);
  /// Whether instructions do nothing but dictate the reply to this, in quotes: `Say "Hello."`
  [[nodiscard]] bool dictated(const Prompt& prompt) const;
  /// What to say for a `response.create` when no more is known than this.
  [[nodiscard]] Reply reply(std::string_view instructions, bool caller_spoke);

 private:
  [[nodiscard]] bool greets(const Prompt& prompt) const;
  [[nodiscard]] Reply greet(const Prompt& prompt);
  [[nodiscard]] std::string tell_outputs(const Prompt& prompt) const;
  [[nodiscard]] std::optional<Reply> follow_task(const Prompt& prompt);
  [[nodiscard]] Reply next_reply();

  PersonaScript script_;
  std::vector<std::string> replies_;  ///< Not empty: these, whatever is heard.
  std::size_t replied_ = 0;
  bool greeted_ = false;
  bool task_done_ = false;
};

/// The recogniser that is always there: it knows beforehand what the caller's turns will say.
class ScriptRecogniser {
 public:
  explicit ScriptRecogniser(std::vector<std::string> heard) : heard_{std::move(heard)} {}

  /// Text of the caller's next turn; `unknown_words` once the script is over.
  [[nodiscard]] std::string next() {
    return count_ < heard_.size() ? heard_[count_++] : std::string{unknown_words};
  }

 private:
  std::vector<std::string> heard_;
  std::size_t count_ = 0;
};

/// The text that instructions ask to be said word for word, or empty.
[[nodiscard]] std::string dictated_text(std::string_view instructions);

}  // namespace offhook::sim
