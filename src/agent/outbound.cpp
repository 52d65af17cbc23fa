#include "agent/outbound.hpp"

#include <algorithm>
#include <utility>

#include "agent/session_body.hpp"
#include "base/e164.hpp"
#include "net/url.hpp"

namespace offhook::agent {

namespace json = boost::json;

std::string check_number(std::string_view text) {
  return is_e164(text) ? std::string{}
                       : "is no number in E.164 form; it looks like +14155550123, without blanks";
}

std::string check_trunk_url(std::string_view text) {
  constexpr std::string_view scheme = "sips:";
  constexpr std::string_view parameter = ";transport=tcp";
  const std::string wrong =
      "is no address of a trunk; it looks like sips:sip.example.com or "
      "sips:sip.example.com:5061;transport=tcp, without user, path or headers";
  if (!text.starts_with(scheme)) {
    return wrong;
  }
  text.remove_prefix(scheme.size());
  if (text.ends_with(parameter)) {
    text.remove_suffix(parameter.size());
  }
  const bool clean = !text.empty() && std::none_of(text.begin(), text.end(), [](unsigned char c) {
    return c <= ' ' || c >= 0x7f ||
           std::string_view{"@/?;<>\""}.find(static_cast<char>(c)) != std::string_view::npos;
  });
  const bool fine = clean && net::parse_url("https://" + std::string{text}).has_value();
  return fine ? std::string{} : wrong;
}

json::object outbound_body(const AgentProfile& profile,
                           const Trunk& trunk,
                           std::string_view destination) {
  json::object body = session_body(profile);
  body["session"].as_object().erase("type");  // has no place in this request
  json::object lines{{"provider_url", trunk.provider_url}};
  if (!trunk.username.empty()) {
    lines["auth"] = json::object{
        {"type", "digest"}, {"username", trunk.username}, {"password", trunk.password.reveal()}};
  }
  lines["caller_number"] = trunk.caller_number;
  body["transport"] =
      json::object{{"type", "sip"}, {"destination", destination}, {"trunk", std::move(lines)}};
  return body;
}

}  // namespace offhook::agent
