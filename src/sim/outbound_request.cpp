#include "sim/outbound_request.hpp"

#include <cctype>
#include <utility>

#include <boost/algorithm/string/case_conv.hpp>
#include <boost/asio/ip/address.hpp>

#include "base/e164.hpp"
#include "base/json.hpp"
#include "sim/request_body.hpp"
#include "sip/sip_target.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_username = 256;
constexpr std::size_t longest_password = 4'096;
const std::string trunk_path = "transport.trunk";

ApiResult<std::string> number(const json::value& object,
                              std::string_view name,
                              const std::string& path) {
  const std::string place = path + "." + std::string{name};
  if (json_at(object, name) == nullptr) {
    return refuse(missing_parameter(place));
  }
  const auto text = json_string(object, name);
  if (!is_e164(text)) {
    return refuse(invalid_value(place, "a number in E.164 form, as +14155550123"));
  }
  return std::string{text};
}

/// An object member that must be there.
ApiResult<json::value> member(const json::value& object,
                              std::string_view name,
                              const std::string& place) {
  const auto* const value = json_at(object, name);
  if (value == nullptr) {
    return refuse(missing_parameter(place));
  }
  if (!value->is_object()) {
    return refuse(invalid_value(place, "an object"));
  }
  return *value;
}

ApiResult<> read_provider(const json::value& trunk, bool local_allowed, TrunkCall& call) {
  const std::string place = trunk_path + ".provider_url";
  const std::string form = "sips:HOST[:PORT][;transport=tcp], without user, path or headers";
  if (json_at(trunk, "provider_url") == nullptr) {
    return refuse(missing_parameter(place));
  }
  std::string_view url = json_string(trunk, "provider_url");
  constexpr std::string_view scheme = "sips:";
  constexpr std::string_view parameter = ";transport=tcp";
  if (!url.starts_with(scheme)) {
    return refuse(invalid_value(place, form));
  }
  url.remove_prefix(scheme.size());
  if (url.ends_with(parameter)) {
    url.remove_suffix(parameter.size());
  }
  if (url.find_first_of("@/?;") != std::string_view::npos) {
    return refuse(invalid_value(place, form));
  }
  const auto target = sip::parse_sip_target("sips:x@" + std::string{url});
  if (!target) {
    return refuse(invalid_value(place, form));
  }
  if (!local_allowed && is_local_host(target->host)) {
    return refuse(invalid_value(place, "a host that is reached from anywhere"));
  }
  call.host = target->host;
  call.port = target->port;
  return {};
}

ApiResult<> read_auth(const json::value& trunk, TrunkCall& call) {
  const std::string path = trunk_path + ".auth";
  const auto* const given = json_at(trunk, "auth");
  if (given == nullptr || given->is_null()) {
    return {};
  }
  const auto auth = member(trunk, "auth", path);
  if (!auth) {
    return refuse(auth.error());
  }
  if (auto checked = only_fields(*auth, "type username password", path); !checked) {
    return checked;
  }
  if (json_string(*auth, "type") != "digest") {
    return refuse(invalid_value(path + ".type", "digest"));
  }
  const auto username = json_string(*auth, "username");
  const auto password = json_string(*auth, "password");
  if (username.empty() || username.size() > longest_username) {
    return refuse(invalid_value(path + ".username", "1 to 256 bytes"));
  }
  if (password.empty() || password.size() > longest_password) {
    return refuse(invalid_value(path + ".password", "1 to 4096 bytes"));
  }
  call.credentials = sip::SipCredentials{std::string{username}, Secret{std::string{password}}};
  return {};
}

ApiResult<TrunkCall> read_transport(const json::value& transport, bool local_allowed) {
  if (json_string(transport, "type") != "sip") {
    return refuse(invalid_value("transport.type", "sip"));
  }
  if (auto checked = only_fields(transport, "type destination trunk", "transport"); !checked) {
    return refuse(std::move(checked).error());
  }
  auto destination = number(transport, "destination", "transport");
  if (!destination) {
    return refuse(std::move(destination).error());
  }
  const auto trunk = member(transport, "trunk", trunk_path);
  if (!trunk) {
    return refuse(trunk.error());
  }
  if (auto checked = only_fields(*trunk, "provider_url auth caller_number", trunk_path); !checked) {
    return refuse(std::move(checked).error());
  }
  auto caller = number(*trunk, "caller_number", trunk_path);
  if (!caller) {
    return refuse(std::move(caller).error());
  }
  TrunkCall call;
  call.destination = std::move(*destination);
  call.caller = std::move(*caller);
  for (const auto& read : {read_provider(*trunk, local_allowed, call), read_auth(*trunk, call)}) {
    if (!read) {
      return refuse(read.error());
    }
  }
  return call;
}

}  // namespace

std::string TrunkCall::target() const {
  const bool v6 = host.find(':') != std::string::npos;
  return "sip:" + destination + "@" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port) +
         ";transport=tls";
}

bool is_local_host(std::string_view host) {
  boost::system::error_code not_one;
  const auto address = boost::asio::ip::make_address(std::string{host}, not_one);
  if (!not_one && address.is_v6()) {
    const auto v6 = address.to_v6();
    return v6.is_loopback() || v6.is_unspecified() || v6.is_link_local() || v6.is_multicast() ||
           v6.is_v4_mapped() || (v6.to_bytes()[0] & 0xfeU) == 0xfcU;
  }
  if (!not_one) {
    const auto bytes = address.to_v4().to_bytes();
    return bytes[0] == 0 || bytes[0] == 10 || bytes[0] == 127 || bytes[0] >= 224 ||
           (bytes[0] == 100 && (bytes[1] & 0xc0U) == 64) || (bytes[0] == 169 && bytes[1] == 254) ||
           (bytes[0] == 172 && (bytes[1] & 0xf0U) == 16) || (bytes[0] == 192 && bytes[1] == 168);
  }
  const std::string name = boost::to_lower_copy(std::string{host});
  if (name.find('.') == std::string::npos) {
    return true;
  }
  for (const std::string_view end : {".local", ".localhost", ".internal", ".home.arpa"}) {
    if (name.ends_with(end)) {
      return true;
    }
  }
  return false;
}

ApiResult<OutboundRequest> parse_outbound(const json::value& body, bool local_allowed) {
  if (auto checked = only_fields(body, "session transport"); !checked) {
    return refuse(std::move(checked).error());
  }
  const auto session = member(body, "session", "session");
  if (!session) {
    return refuse(session.error());
  }
  auto config = LiveConfig::from_body(*session, false);
  if (!config) {
    return refuse(std::move(config).error());
  }
  const auto transport = member(body, "transport", "transport");
  if (!transport) {
    return refuse(transport.error());
  }
  auto trunk = read_transport(*transport, local_allowed);
  if (!trunk) {
    return refuse(std::move(trunk).error());
  }
  return OutboundRequest{std::move(*config), std::move(*trunk)};
}

}  // namespace offhook::sim
