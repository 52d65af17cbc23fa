#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/file/node.hpp"

namespace offhook::agent::file {

/// Collects everything that is wrong with a file.
class Problems {
 public:
  /// @param path  Of the field: "agents.support.voice"; empty for the file as a whole.
  /// @param what  What is wrong and what is allowed. Never a secret.
  void add(Mark mark, std::string path, std::string what);

  [[nodiscard]] bool empty() const noexcept { return problems_.empty(); }
  /// "agent.yaml:12:5: agents.support.voice: …", in the order of the file.
  [[nodiscard]] std::vector<std::string> lines(std::string_view file_name) const;

 private:
  struct Problem {
    Mark mark;
    std::string path;
    std::string what;
  };
  std::vector<Problem> problems_;
};

/// " (did you mean \"voice\"?)" when one of the words is close to `word`, else empty.
[[nodiscard]] std::string suggestion(std::string_view word,
                                     const std::vector<std::string_view>& known);

/// "a, b or c"
[[nodiscard]] std::string alternatives(const std::vector<std::string_view>& words);

/// "agents.support" + "voice"; a name that is no plain word is quoted.
[[nodiscard]] std::string join_path(std::string_view path, std::string_view name);

}  // namespace offhook::agent::file
