#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace offhook {

/// A key or password. It has no conversion to text, so it cannot reach a log by accident; the few
/// places that need the bytes say `reveal()`.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_{std::move(text)} {}

  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  /// The bytes themselves. Never log, print or store what this returns.
  [[nodiscard]] std::string_view reveal() const noexcept { return text_; }

 private:
  std::string text_;
};

}  // namespace offhook
