#pragma once

#include <string>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace offhook::cli {

/// The token of the control API, and the file that a made one lies in until it goes out of scope.
class ControlToken {
 public:
  /// @param given  From the agent file; empty: OFFHOOK_CONTROL_TOKEN, or else a new one is written
  ///               to `file` for its owner alone.
  [[nodiscard]] static Result<ControlToken> choose(Secret given, const std::string& file);
  ControlToken(ControlToken&& other) noexcept;
  ControlToken& operator=(ControlToken&&) = delete;
  ~ControlToken();

  [[nodiscard]] const Secret& secret() const noexcept { return secret_; }
  /// Where it was written; empty: it was given.
  [[nodiscard]] const std::string& file() const noexcept { return file_; }

 private:
  ControlToken(Secret secret, std::string file)
      : secret_{std::move(secret)}, file_{std::move(file)} {}
  Secret secret_;
  std::string file_;
};

}  // namespace offhook::cli
