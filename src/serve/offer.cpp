#include "serve/offer.hpp"

#include <utility>

namespace offhook::serve {

std::optional<Offer> offer_of(openai::WebhookEvent event, std::string webhook_id) {
  if (auto* call = std::get_if<openai::RealtimeCallIncoming>(&event)) {
    return Offer{agent::Api::realtime,         std::move(call->call_id),
                 std::move(webhook_id),        call->created_at,
                 std::move(call->sip_headers), std::move(call->media_security)};
  }
  if (auto* call = std::get_if<openai::LiveTransportIncoming>(&event)) {
    return Offer{agent::Api::live, std::move(call->session_id),  std::move(webhook_id),
                 call->created_at, std::move(call->sip_headers), std::move(call->media_security)};
  }
  return std::nullopt;
}

std::string_view to_string(agent::Api api) noexcept {
  return api == agent::Api::live ? "live" : "realtime";
}

}  // namespace offhook::serve
