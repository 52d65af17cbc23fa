#include "sim/webhook_body.hpp"

#include <array>

#include <boost/algorithm/string/predicate.hpp>
#include <fmt/format.h>

namespace offhook::sim {
namespace {

constexpr std::uint32_t replacement = 0xFFFD;

struct Decoded {
  std::uint32_t character = replacement;
  std::size_t length = 1;
};

/// The first UTF-8 sequence of `text`; a byte that begins none stands for U+FFFD (RFC 3629).
Decoded decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) {
    return {first, 1};
  }
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) {
    return {};
  }
  std::uint32_t character = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) {
      return {};
    }
    character = (character << 6U) | (byte(i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  if (character < least[length] || character > 0x10FFFF || surrogate) {
    return {};
  }
  return {character, length};
}

void append_character(std::string& out, std::uint32_t character) {
  switch (character) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    default: break;
  }
  if (character >= 0x20 && character < 0x7F) {
    out += static_cast<char>(character);
  } else if (character < 0x10000) {
    out += fmt::format("\\u{:04x}", character);
  } else {
    const std::uint32_t rest = character - 0x10000;
    out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10U), 0xDC00 + (rest & 0x3FFU));
  }
}

}  // namespace

std::string quote_ascii(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Decoded decoded = decode_utf8(text);
    append_character(out, decoded.character);
    text.remove_prefix(decoded.length);
  }
  return out + '"';
}

std::string webhook_body(const IncomingEvent& event) {
  std::string headers;
  for (const auto& header : event.sip_headers) {
    if (boost::iequals(header.name, "Authorization") ||
        boost::iequals(header.name, "Proxy-Authorization")) {
      continue;
    }
    headers += headers.empty() ? "" : ", ";
    headers += fmt::format(R"({{"name": {}, "value": {}}})", quote_ascii(header.name),
                           quote_ascii(header.value));
  }
  const std::string_view id = event.type == "realtime.call.incoming" ? R"("call_id": )"
                              : event.type == "live.transport.incoming"
                                  ? R"("type": "sip", "session_id": )"
                                  : R"("session_id": )";
  std::string last;
  if (!event.media_security.empty()) {
    last += R"(, "sip_media_security": )" + quote_ascii(event.media_security);
  }
  last += event.extra_field ? R"(, "unheard_of": {"list": [1, null, "two"]})" : "";
  return fmt::format(R"({{"id": {}, "object": "event", "created_at": {}, "type": {}, )"
                     R"("data": {{{}{}, "sip_headers": [{}]{}}}}})",
                     quote_ascii(event.event_id), event.created_at, quote_ascii(event.type), id,
                     quote_ascii(event.call_id), headers, last);
}

}  // namespace offhook::sim
