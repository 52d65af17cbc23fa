#include "agent/prices.hpp"

#include <algorithm>

namespace offhook::agent {

double estimate_cost(const Price& price, const Usage& usage) noexcept {
  const auto text = static_cast<double>(usage.input_text_tokens);
  const auto audio = static_cast<double>(usage.input_audio_tokens);
  const double input = text + audio;
  const double cached = std::min(input, static_cast<double>(usage.cached_tokens));
  const double uncached_share = input > 0 ? (input - cached) / input : 0;
  const double tokens = text * uncached_share * price.input_text +
                        audio * uncached_share * price.input_audio + cached * price.cached_input +
                        static_cast<double>(usage.output_text_tokens) * price.output_text +
                        static_cast<double>(usage.output_audio_tokens) * price.output_audio;
  return tokens / 1e6 + usage.live_seconds / 60 * price.minute;
}

std::optional<double> estimate_cost(const std::map<std::string, Price>& prices,
                                    const std::string& model,
                                    const Usage& usage) {
  const auto price = prices.find(model);
  return price == prices.end() ? std::nullopt : std::optional{estimate_cost(price->second, usage)};
}

}  // namespace offhook::agent
