#pragma once

#include <string_view>

namespace offhook::call {

/// What a final SIP status from OpenAI usually means (docs/openai-behaviour.md 12.6 and 14), as the
/// tail of a sentence with advice; empty for a status without a common cause.
[[nodiscard]] std::string_view explain_refusal(int sip_status) noexcept;

}  // namespace offhook::call
