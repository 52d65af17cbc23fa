#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "openai/webhook.hpp"

namespace offhook::sim {

/// What a webhook about an incoming call says.
struct IncomingEvent {
  /// "realtime.call.incoming", "live.transport.incoming" or the deprecated "live.call.incoming".
  std::string type = "realtime.call.incoming";
  std::string event_id;
  std::int64_t created_at = 0;  ///< Unix seconds.
  std::string call_id;          ///< Of that surface.
  std::vector<openai::SipHeaderField> sip_headers;
  std::string media_security;  ///< "rtp" or "srtp"; empty: not told.
  bool extra_field = false;    ///< Quirk: `data` has a field that nobody knows.
};

/// The body of the webhook in OpenAI's own style: fixed order of keys, a space behind ':' and ',',
/// nothing but ASCII (other characters as \uXXXX). Header bytes that are no UTF-8 become U+FFFD.
///
/// Authorization and Proxy-Authorization are left out; all other headers keep their order,
/// spelling and repetitions.
[[nodiscard]] std::string webhook_body(const IncomingEvent& event);

/// `text` as a JSON string, quotes included, in that style.
[[nodiscard]] std::string quote_ascii(std::string_view text);

}  // namespace offhook::sim
