#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/conversation.hpp"

namespace offhook::agent {

/// What a model costs, in the currency of whoever wrote the agent file.
struct Price {
  double input_text = 0;  ///< This and the next four: per million tokens.
  double input_audio = 0;
  double cached_input = 0;
  double output_text = 0;
  double output_audio = 0;
  double minute = 0;  ///< Live: per minute.
};

/// An estimate: the API does not tell which of the input tokens were cached, so they are taken off
/// text and audio in proportion.
[[nodiscard]] double estimate_cost(const Price& price, const Usage& usage) noexcept;
/// @return nothing for a model without a price.
[[nodiscard]] std::optional<double> estimate_cost(const std::map<std::string, Price>& prices,
                                                  const std::string& model,
                                                  const Usage& usage);

}  // namespace offhook::agent
