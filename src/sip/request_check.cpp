#include "sip/request_check.hpp"

#include <array>
#include <limits>
#include <string_view>

#include "sip/raw_refusal.hpp"
#include "sip/sdp_text.hpp"
#include "sip/session.hpp"

namespace offhook::sip {
namespace {

constexpr std::uint32_t highest_sequence = 0x7fff'ffff;  // RFC 3261 section 8.1.1.5
constexpr auto highest_number = std::numeric_limits<std::uint32_t>::max();

using Verdict = std::optional<Refusal>;

Refusal bad(std::string reason) { return {400, std::move(reason), {}}; }

bool is(const sip_msg& message, std::string_view method) { return view(message.met) == method; }

/// Calls `look` with the value of every header `id`, in wire order.
template <class Look>
void each(const sip_msg& message, sip_hdrid id, Look look) {
  for (const le* entry = list_head(&message.hdrl); entry != nullptr; entry = entry->next) {
    const auto* header = static_cast<const sip_hdr*>(entry->data);
    if (header->id == id) {
      look(view(header->val));
    }
  }
}

int count(const sip_msg& message, sip_hdrid id) {
  int found = 0;
  each(message, id, [&found](std::string_view) { ++found; });
  return found;
}

Verdict check_presence(const sip_msg& message) {
  struct Rule {
    sip_hdrid id;
    const char* name;
    bool needed;
  };
  constexpr std::array<Rule, 8> rules{{{SIP_HDR_FROM, "From", true},
                                       {SIP_HDR_TO, "To", true},
                                       {SIP_HDR_CALL_ID, "Call-ID", true},
                                       {SIP_HDR_CSEQ, "CSeq", true},
                                       {SIP_HDR_MAX_FORWARDS, "Max-Forwards", false},
                                       {SIP_HDR_CONTENT_TYPE, "Content-Type", false},
                                       {SIP_HDR_CONTENT_LENGTH, "Content-Length", false},
                                       {SIP_HDR_EXPIRES, "Expires", false}}};
  if (!pl_isset(&message.via.sentby)) {
    return Refusal{0, {}, {}};
  }
  for (const Rule& rule : rules) {
    const int found = count(message, rule.id);
    if (rule.needed && found == 0) {
      return bad(std::string{"Missing "} + rule.name);
    }
    if (found > 1) {
      return bad(std::string{"More Than One "} + rule.name);
    }
  }
  return {};
}

Verdict check_values(const sip_msg& message) {
  const std::string_view sequence = view(sip_msg_hdr(&message, SIP_HDR_CSEQ)->val);
  const auto digits = sequence.substr(0, sequence.find_first_not_of("0123456789"));
  if (!to_number(digits, highest_sequence)) {
    return bad("Bad CSeq");
  }
  if (view(message.cseq.met) != view(message.met)) {
    return bad("CSeq Names Another Method");
  }
  if (pl_isset(&message.maxfwd) && !to_number(view(message.maxfwd), highest_number)) {
    return bad("Bad Max-Forwards");
  }
  bool good_vias = true;
  for (const le* entry = list_head(&message.hdrl); entry != nullptr; entry = entry->next) {
    const auto* header = static_cast<const sip_hdr*>(entry->data);
    sip_via via{};
    good_vias =
        good_vias && (header->id != SIP_HDR_VIA ||
                      (!view(header->val).empty() && sip_via_decode(&via, &header->val) == 0 &&
                       view(header->val).find(";;") == std::string_view::npos));
  }
  if (!good_vias) {
    return bad("Bad Via");
  }
  bool closed = true;
  for (const sip_hdrid id : {SIP_HDR_FROM, SIP_HDR_TO, SIP_HDR_CONTACT}) {
    each(message, id,
         [&closed](std::string_view value) { closed = closed && quotes_are_closed(value); });
  }
  return closed ? Verdict{} : bad("Quoted String Without End");
}

Verdict check_uri(const sip_msg& message) {
  const std::string_view uri = view(message.ruri);
  const std::string_view scheme = scheme_of(uri);
  if (scheme.empty() || uri.find_first_of("<>\"") != std::string_view::npos) {
    return bad("Bad Request-URI");
  }
  if (!equal_ignoring_case(scheme, "sip") && !equal_ignoring_case(scheme, "sips")) {
    return Refusal{416, "Unsupported URI Scheme", {}};
  }
  return pl_isset(&message.uri.headers) ? bad("Headers In Request-URI") : Verdict{};
}

Verdict check_length(const sip_msg& message) {
  if (message.clen.p == nullptr) {
    return {};
  }
  const auto length = to_number(view(message.clen), highest_number);
  if (!length) {
    return bad("Bad Content-Length");
  }
  if (*length > mbuf_get_left(message.mb)) {
    return bad("Content-Length Exceeds The Message");
  }
  message.mb->end = message.mb->pos + *length;
  return {};
}

Verdict check_extensions(const sip_msg& message) {
  std::string required;
  each(message, SIP_HDR_REQUIRE, [&required](std::string_view value) {
    required += (required.empty() ? "" : ", ") + one_line(value);
  });
  if (required.empty() || is(message, "CANCEL")) {
    return {};
  }
  return Refusal{420, "Bad Extension", "Unsupported: " + required + "\r\n"};
}

bool is_sdp(const sip_msg& message) {
  return equal_ignoring_case(view(message.ctyp.type), "application") &&
         equal_ignoring_case(view(message.ctyp.subtype), "sdp");
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  for (std::size_t at = 0; at + part.size() <= text.size(); ++at) {
    if (equal_ignoring_case(text.substr(at, part.size()), part)) {
      return true;
    }
  }
  return false;
}

/// Of INVITE and UPDATE, the requests whose bodies we look at.
Verdict check_body(const sip_msg& message) {
  if (!is(message, "INVITE") && !is(message, "UPDATE")) {
    return {};
  }
  const bool typed = sip_msg_hdr(&message, SIP_HDR_CONTENT_TYPE) != nullptr;
  if (mbuf_get_left(message.mb) > 0 && typed && !is_sdp(message)) {
    return Refusal{415, "Unsupported Media Type", "Accept: application/sdp\r\n"};
  }
  bool encoded = false;
  each(message, SIP_HDR_CONTENT_ENCODING, [&encoded](std::string_view value) {
    encoded = encoded || !equal_ignoring_case(value, "identity");
  });
  if (encoded) {
    return Refusal{415, "Unsupported Media Type", "Accept-Encoding: identity\r\n"};
  }
  bool restricted = false;
  bool acceptable = false;
  each(message, SIP_HDR_ACCEPT, [&](std::string_view value) {
    restricted = true;
    for (const std::string_view type : {"application/sdp", "application/*", "*/*"}) {
      acceptable = acceptable || contains_ignoring_case(value, type);
    }
  });
  return restricted && !acceptable ? Verdict{Refusal{406, "Not Acceptable", {}}} : Verdict{};
}

}  // namespace

std::optional<Refusal> check_request(const sip_msg& message) {
  for (const auto check :
       {check_presence, check_values, check_length, check_uri, check_extensions, check_body}) {
    if (auto refusal = check(message)) {
      return refusal;
    }
  }
  return {};
}

}  // namespace offhook::sip
