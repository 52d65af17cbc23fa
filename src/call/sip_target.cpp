#include "call/sip_target.hpp"

#include <algorithm>
#include <charconv>

namespace offhook::call {
namespace {

bool is_clean(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](unsigned char c) {
    return c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '"';
  });
}

}  // namespace

Result<SipTarget> parse_sip_target(std::string_view text) {
  const auto refuse = [text](std::string_view why) {
    return fail(Errc::invalid_argument, "sip: \"" + std::string{text} + "\" " + std::string{why} +
                                            "; write sip:USER@HOST;transport=tls");
  };
  if (!is_clean(text) || !text.starts_with("sip:")) {
    return refuse("is not a SIP address");
  }
  std::string_view rest = text.substr(4);
  const std::size_t semicolon = std::min(rest.find(';'), rest.size());
  if (rest.substr(semicolon).find(";transport=tls") == std::string_view::npos) {
    return refuse("does not ask for TLS, the only transport that is spoken");
  }
  rest = rest.substr(0, semicolon);
  const std::size_t at = rest.find('@');
  if (at == std::string_view::npos || at == 0) {
    return refuse("has no user (the project id)");
  }
  SipTarget target;
  target.user = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t bracket = rest.find(']');
    if (bracket == std::string_view::npos) {
      return refuse("has an unfinished IPv6 address");
    }
    target.host = rest.substr(1, bracket - 1);
    port = rest.substr(bracket + 1);
  } else {
    target.host = rest.substr(0, rest.find(':'));
    port = rest.substr(target.host.size());
  }
  if (target.host.empty()) {
    return refuse("has no host");
  }
  if (!port.empty()) {
    const auto [end, failure] =
        std::from_chars(port.data() + 1, port.data() + port.size(), target.port);
    if (port[0] != ':' || failure != std::errc{} || end != port.data() + port.size() ||
        target.port == 0) {
      return refuse("has a bad port");
    }
  }
  return target;
}

}  // namespace offhook::call
