#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/profile.hpp"
#include "openai/webhook.hpp"

namespace offhook::serve {

/// A pending call as one webhook offers it. One INVITE may be offered several times: repeated, and
/// to both APIs under ids of their own.
struct Offer {
  agent::Api api = agent::Api::realtime;
  std::string id;  ///< `call_id` or `session_id`, opaque.
  std::string webhook_id;
  std::int64_t created_at = 0;  ///< Unix seconds; 0: not told.
  std::vector<openai::SipHeaderField> sip_headers;
  std::string media_security;

  /// The INVITE's Call-ID, which all offers of one call have in common; may be empty.
  [[nodiscard]] std::string_view sip_call_id() const noexcept {
    return openai::sip_header(sip_headers, "Call-ID");
  }
};

/// @return nothing for an event that offers no call.
[[nodiscard]] std::optional<Offer> offer_of(openai::WebhookEvent event, std::string webhook_id);

[[nodiscard]] std::string_view to_string(agent::Api api) noexcept;

}  // namespace offhook::serve
