#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "base/json.hpp"
#include "openai/webhook.hpp"

namespace offhook::openai {
namespace {

namespace json = boost::json;

/// Entries that are no {name, value} pair of strings are left out: the headers are untrusted.
std::vector<SipHeaderField> sip_headers_of(const json::value& event) {
  std::vector<SipHeaderField> headers;
  const json::value* listed = json_at(event, "data.sip_headers");
  const json::array* list = listed == nullptr ? nullptr : listed->if_array();
  if (list == nullptr) {
    return headers;
  }
  headers.reserve(list->size());
  for (const json::value& entry : *list) {
    const json::value* name = json_at(entry, "name");
    const json::value* value = json_at(entry, "value");
    if (name != nullptr && name->is_string() && value != nullptr && value->is_string()) {
      headers.push_back(
          {std::string{json_string(entry, "name")}, std::string{json_string(entry, "value")}});
    }
  }
  return headers;
}

bool same_name(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

Result<WebhookEvent> parse_webhook(std::string_view raw_body) {
  auto parsed = parse_json(raw_body);
  if (!parsed) {
    return fail(std::move(parsed).error().with("webhook"));
  }
  const json::value& event = *parsed;
  std::string id{json_string(event, "id")};
  std::string type{json_string(event, "type")};
  if (type.empty()) {
    return fail(Errc::malformed_message, "webhook: the event has no type");
  }
  std::string security{json_string(event, "data.sip_media_security")};
  const std::int64_t created_at = json_int(event, "created_at").value_or(0);
  if (type == "realtime.call.incoming") {
    return RealtimeCallIncoming{std::move(id), std::string{json_string(event, "data.call_id")},
                                sip_headers_of(event), std::move(security), created_at};
  }
  // The newer event also stands for WebRTC and whatever comes later; only SIP is a phone call.
  const bool live_sip =
      type == "live.transport.incoming" && json_string(event, "data.type", "sip") == "sip";
  if (live_sip || type == "live.call.incoming") {
    return LiveTransportIncoming{std::move(id), std::string{json_string(event, "data.session_id")},
                                 sip_headers_of(event), std::move(security), created_at};
  }
  return OtherWebhook{std::move(id), std::move(type)};
}

std::string_view sip_header(const std::vector<SipHeaderField>& headers,
                            std::string_view name) noexcept {
  const auto found = std::ranges::find_if(
      headers, [&](const SipHeaderField& field) { return same_name(field.name, name); });
  return found == headers.end() ? std::string_view{} : std::string_view{found->value};
}

}  // namespace offhook::openai
