#include "agent/dialogue/usage_meter.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace offhook::agent {
namespace {

std::uint64_t count(const boost::json::value& event, std::string_view field) {
  const auto value = json_int(event, "response.usage." + std::string{field});
  return value && *value > 0 ? static_cast<std::uint64_t>(*value) : 0;
}

}  // namespace

void add_usage(Usage& usage, const openai::RealtimeUsage& response) {
  usage.input_text_tokens += response.input_text;
  usage.input_audio_tokens += response.input_audio;
  usage.cached_tokens += response.cached;
  usage.output_text_tokens += response.output_text;
  usage.output_audio_tokens += response.output_audio;
}

void add_responses_usage(Usage& usage, const boost::json::value& response_completed) {
  usage.input_text_tokens += count(response_completed, "input_tokens");
  usage.cached_tokens += count(response_completed, "input_tokens_details.cached_tokens");
  usage.output_text_tokens += count(response_completed, "output_tokens");
}

}  // namespace offhook::agent
