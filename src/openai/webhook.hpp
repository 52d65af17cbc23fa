#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
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

/// Why a delivery is not believed, in the order in which it is looked at.
enum class WebhookRefusal : std::uint8_t {
  missing_header,   ///< One of the three is absent or empty.
  bad_timestamp,    ///< webhook-timestamp is not a plain number of seconds.
  too_old,          ///< More than 300 s behind our clock.
  too_new,          ///< More than 300 s ahead of our clock.
  wrong_signature,  ///< No signature fits any of our secrets.
  malformed_body,   ///< Signed, but no JSON event. Only WebhookReceiver says this.
};

/// A short sentence for people: "webhook-timestamp is more than 300 s old".
[[nodiscard]] std::string_view to_string(WebhookRefusal reason) noexcept;

/// Says whether a secret can be used: not empty, and padded base64 behind "whsec_" if that is
/// there.
[[nodiscard]] Result<> check_webhook_secret(const Secret& secret);

/// Verifies the signature of a delivery (Standard Webhooks; docs/openai-behaviour.md 3.6) over the
/// raw body, in constant time, accepting timestamps within 300 s either way.
///
/// Where OpenAI's verifier and the Standard Webhooks one differ, the stricter reading holds: every
/// signature needs its "v1," and canonical base64, the timestamp is digits only, the id is not
/// empty. An unusable secret (see `check_webhook_secret`) matches nothing.
///
/// @param secrets  Any may match (rotation). "whsec_…" is base64, anything else is taken as bytes.
/// @param now      Unix seconds.
/// @return nothing when the delivery is genuine.
[[nodiscard]] std::optional<WebhookRefusal> refuse_webhook(const std::vector<Secret>& secrets,
                                                           WebhookHeaders headers,
                                                           std::string_view raw_body,
                                                           std::int64_t now);

/// The same as a Result.
/// @return `authentication_failed` with the reason; never which part of the signature differs.
[[nodiscard]] Result<> verify_webhook(const std::vector<Secret>& secrets,
                                      WebhookHeaders headers,
                                      std::string_view raw_body,
                                      std::int64_t now);

/// Whether one of our secrets has signed the delivery, whatever its timestamp.
[[nodiscard]] bool is_signed(const std::vector<Secret>& secrets,
                             WebhookHeaders headers,
                             std::string_view raw_body);

/// "v1,<base64>" for a delivery of ours (the sim's), or an empty text when the secret is unusable.
[[nodiscard]] std::string sign_webhook(const Secret& secret,
                                       std::string_view id,
                                       std::string_view timestamp,
                                       std::string_view raw_body);

struct SipHeaderField {
  std::string name;
  std::string value;
};

/// realtime.call.incoming
struct RealtimeCallIncoming {
  std::string event_id;
  std::string call_id;  ///< Opaque; may be empty in a test delivery.
  std::vector<SipHeaderField> sip_headers;
  std::string media_security;   ///< "rtp", "srtp", something newer, or empty.
  std::int64_t created_at = 0;  ///< Unix seconds; 0: not told. The same in every repetition.
};

/// live.transport.incoming (and the deprecated live.call.incoming)
struct LiveTransportIncoming {
  std::string event_id;
  std::string session_id;
  std::vector<SipHeaderField> sip_headers;
  std::string media_security;
  std::int64_t created_at = 0;
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
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit SeenDeliveries(std::size_t limit = 100'000,
                          std::chrono::seconds keep = std::chrono::hours{72});
  /// @param now  Never before that of an earlier call.
  /// @return true the first time; false for a repetition. When full, the oldest is forgotten.
  [[nodiscard]] bool first_time(const std::string& id, TimePoint now);
  [[nodiscard]] std::size_t size() const noexcept { return seen_.size(); }

 private:
  struct Delivery {
    std::size_t id;  ///< Hashed, as in `seen_`: ids are long, and three days of them many.
    TimePoint came;
  };
  void forget_oldest();

  std::size_t limit_;
  std::chrono::seconds keep_;
  std::unordered_set<std::size_t> seen_;
  std::deque<Delivery> oldest_first_;
};

}  // namespace offhook::openai
