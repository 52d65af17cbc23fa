#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace offhook::openai {

/// The three headers of a Standard Webhooks delivery, text exactly as received.
struct WebhookHeaders {
  std::string_view id;         ///< webhook-id
  std::string_view timestamp;  ///< webhook-timestamp
  std::string_view signature;  ///< webhook-signature
};

/// Verifies the signature of a delivery (Standard Webhooks; reference section 3.6) over the raw
/// body, in constant time, accepting timestamps within 300 s either way.
///
/// @param secrets  Any may match (rotation). "whsec_…" is base64, anything else is taken as bytes.
/// @param now      Unix seconds.
/// @return `authentication_failed` with the reason; never which part of the signature differs.
[[nodiscard]] Result<> verify_webhook(const std::vector<Secret>& secrets, WebhookHeaders headers,
                                      std::string_view raw_body, std::int64_t now);

/// "v1,<base64>" for a delivery of ours (the sim's).
[[nodiscard]] std::string sign_webhook(const Secret& secret, std::string_view id,
                                       std::string_view timestamp, std::string_view raw_body);

struct SipHeaderField {
  std::string name;
  std::string value;
};

/// realtime.call.incoming
struct RealtimeCallIncoming {
  std::string event_id;
  std::string call_id;  ///< Opaque; may be empty in a test delivery.
  std::vector<SipHeaderField> sip_headers;
  std::string media_security;  ///< "rtp", "srtp", something newer, or empty.
};

/// live.transport.incoming (and the deprecated live.call.incoming)
struct LiveTransportIncoming {
  std::string event_id;
  std::string session_id;
  std::vector<SipHeaderField> sip_headers;
  std::string media_security;
};

/// Any other event: acknowledged and left alone.
struct OtherWebhook {
  std::string event_id;
  std::string type;
};

using WebhookEvent = std::variant<RealtimeCallIncoming, LiveTransportIncoming, OtherWebhook>;

/// Reads a verified body. @return `malformed_message` when it is not JSON or has no type.
[[nodiscard]] Result<WebhookEvent> parse_webhook(std::string_view raw_body);

/// First header of that name (case-insensitive), or an empty view.
[[nodiscard]] std::string_view sip_header(const std::vector<SipHeaderField>& headers,
                                          std::string_view name) noexcept;

/// Remembers which deliveries came, by webhook-id, for as long as OpenAI may repeat them.
class SeenDeliveries {
 public:
  explicit SeenDeliveries(std::size_t limit = 100'000,
                          std::chrono::seconds keep = std::chrono::hours{72});
  /// @return true the first time; false for a repetition. When full, the oldest is forgotten.
  [[nodiscard]] bool first_time(const std::string& id, std::chrono::steady_clock::time_point now);

 private:
  std::size_t limit_;
  std::chrono::seconds keep_;
  std::unordered_map<std::string, std::chrono::steady_clock::time_point> seen_;
  std::vector<std::string> order_;
  std::size_t oldest_ = 0;
};

}  // namespace offhook::openai
