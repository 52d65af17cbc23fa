#include "sip/sip_target.hpp"

#include <algorithm>
#include <charconv>

#include "base/printable.hpp"
#include "sip/sdp_text.hpp"

namespace offhook::sip {
namespace {

constexpr std::size_t longest_quote = 200;
constexpr std::string_view advice = "; write sip:USER@HOST;transport=tls";

bool is_clean(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](unsigned char c) {
    return c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '"';
  });
}

bool is_host(std::string_view text, std::string_view punctuation) {
  return !text.empty() && std::ranges::all_of(text, [punctuation](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           punctuation.find(c) != std::string_view::npos;
  });
}

std::string lower(std::string_view text) {
  std::string small{text};
  for (char& c : small) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  return small;
}

/// What ";name=value;…" says about the transport: empty when nothing.
std::string_view transport_of(std::string_view parameters) {
  constexpr std::string_view name = "transport=";
  while (!parameters.empty()) {
    parameters.remove_prefix(1);  // the semicolon
    const std::string_view one = parameters.substr(0, parameters.find(';'));
    if (equal_ignoring_case(one.substr(0, name.size()), name)) {
      return one.substr(name.size());
    }
    parameters.remove_prefix(one.size());
  }
  return {};
}

/// Reads "host", "host:port", "[v6]" or "[v6]:port". @return what is wrong with it, or null.
const char* read_host(std::string_view text, SipTarget& target) {
  const bool literal = text.starts_with('[');
  const std::size_t end = literal ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) {
    return "has an unfinished IPv6 address";
  }
  target.host = lower(text.substr(literal ? 1 : 0, literal ? end - 1 : end));
  if (!is_host(target.host, literal ? ":." : ".-_")) {
    return "has no proper host";
  }
  const std::string_view port = text.substr(literal ? end + 1 : end);
  if (port.empty()) {
    return nullptr;
  }
  const char* last = port.data() + port.size();
  const auto [stop, failure] = std::from_chars(port.data() + 1, last, target.port);
  const bool good = port[0] == ':' && failure == std::errc{} && stop == last && target.port != 0;
  return good ? nullptr : "has a bad port";
}

}  // namespace

Result<SipTarget> parse_sip_target(std::string_view text) {
  const auto refuse = [text](std::string_view why) {
    return fail(Errc::invalid_argument, "sip: '" + printable(text, longest_quote) + "' " +
                                            std::string{why} + std::string{advice});
  };
  const bool secure = equal_ignoring_case(text.substr(0, 5), "sips:");
  if (!is_clean(text) || (!secure && !equal_ignoring_case(text.substr(0, 4), "sip:"))) {
    return refuse("is not a SIP address");
  }
  const std::string_view rest = text.substr(secure ? 5 : 4);
  const std::string_view address = rest.substr(0, rest.find(';'));
  const std::string_view transport = transport_of(rest.substr(address.size()));
  const bool tls = equal_ignoring_case(transport, "tls");
  if (!tls && (!secure || !transport.empty())) {
    return refuse("does not ask for TLS, the only transport that is spoken");
  }
  const std::size_t at = address.find('@');
  if (at == std::string_view::npos || at == 0) {
    return refuse("has no user (the project id)");
  }
  SipTarget target;
  target.user = address.substr(0, at);
  if (const char* wrong = read_host(address.substr(at + 1), target)) {
    return refuse(wrong);
  }
  target.uri = "sip:" + std::string{rest} + (tls ? "" : ";transport=tls");
  return target;
}

}  // namespace offhook::sip
