#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace offhook::sim {

/// Something for the model to say.
struct Say {
  std::string text;
};

/// A function for the model to call.
struct CallFunction {
  std::string name;
  std::string arguments;  ///< JSON text.
};

using Reply = std::variant<Say, CallFunction>;

/// What the sim's model says: a script, no intelligence.
///
/// An answer of the form `call:NAME {json}` calls that function.
class Persona {
 public:
  /// @param replies  Answers to the caller, in turn and round again; empty: a default set.
  explicit Persona(std::vector<std::string> replies);

  /// What to say for a `response.create`.
  /// @param instructions  Of the response: `Say X`, `Say "X"` or `... saying "X"` make it X.
  /// @param caller_spoke  Whether the conversation holds a turn of the caller; if not, the model
  ///                      greets.
  [[nodiscard]] Reply reply(std::string_view instructions, bool caller_spoke);

 private:
  [[nodiscard]] Reply next_reply();

  std::vector<std::string> replies_;
  std::size_t replied_ = 0;
  bool greeted_ = false;
};

/// The recogniser that is always there: it knows beforehand what the caller's turns will say.
class ScriptRecogniser {
 public:
  explicit ScriptRecogniser(std::vector<std::string> heard) : heard_{std::move(heard)} {}

  /// Text of the caller's next turn; "(speech)" once the script is over.
  [[nodiscard]] std::string next() {
    return count_ < heard_.size() ? heard_[count_++] : std::string{"(speech)"};
  }

 private:
  std::vector<std::string> heard_;
  std::size_t count_ = 0;
};

/// The text that instructions ask to be said word for word, or empty.
[[nodiscard]] std::string dictated_text(std::string_view instructions);

}  // namespace offhook::sim
