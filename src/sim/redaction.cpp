#include "sim/redaction.hpp"

#include <algorithm>
#include <array>

#include <boost/algorithm/string/predicate.hpp>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/json.hpp"
#include "sim/webhook_body.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr std::size_t most_headers = 200;
constexpr std::size_t shortened_string = 200;

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// Takes the first line off, without its end.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

/// Behind the next "sip:" or "sips:" in any case; npos without one.
std::size_t behind_scheme(std::string_view text) {
  for (std::size_t colon = text.find(':'); colon != std::string_view::npos;
       colon = text.find(':', colon + 1)) {
    const std::string_view front = text.substr(0, colon);
    if (boost::iends_with(front, "sip") || boost::iends_with(front, "sips")) {
      return colon + 1;
    }
  }
  return std::string_view::npos;
}

/// What may belong to the address that `text` begins with, behind its scheme: up to what ends one
/// for sure, or to the next of a list, which no password can contain (RFC 3261 section 25.1).
std::string_view first_address_of_list(std::string_view text) {
  const std::string_view all = text.substr(0, text.find_first_of(" \t<>\""));
  for (auto comma = all.find(',', all.find('@')); comma != std::string_view::npos;
       comma = all.find(',', comma + 1)) {
    const std::string_view next = all.substr(comma + 1);
    if (boost::istarts_with(next, "sip:") || boost::istarts_with(next, "sips:")) {
      return all.substr(0, comma);
    }
  }
  return all;
}

/// "sip:user:password@host" without the password. User and password may have all characters that
/// do not end an address for sure; rather too much is taken out than too little.
std::string without_password(std::string_view text) {
  std::string out;
  for (auto user = behind_scheme(text); user != std::string_view::npos;
       user = behind_scheme(text)) {
    const std::string_view address = first_address_of_list(text.substr(user));
    const auto host = address.find('@');
    const auto password = address.find(':');
    if (host != std::string_view::npos && password < host) {
      out += text.substr(0, user + password + 1);
      out += redacted;
      text.remove_prefix(user + address.rfind('@'));
    } else {
      out += text.substr(0, user);
      text.remove_prefix(user);
    }
  }
  return out += text;
}

bool is_credential(std::string_view header) {
  return boost::iequals(header, "Authorization") || boost::iequals(header, "Proxy-Authorization");
}

/// SDP without the keys of its media.
std::string without_keys(std::string_view body) {
  std::string out;
  while (!body.empty()) {
    const std::string_view whole = body;
    const std::string_view line = take_line(body);
    const std::string_view end =
        whole.substr(line.size(), whole.size() - body.size() - line.size());
    if (boost::istarts_with(line, "a=crypto")) {
      const auto key = line.find("inline:");
      out += line.substr(
          0, key == std::string_view::npos ? std::string_view{"a=crypto"}.size() : key + 7);
      out += redacted;
    } else if (boost::istarts_with(line, "a=key-mgmt") || line.starts_with("k=")) {
      out += line.substr(0, std::min(line.find(':'), line.size() - 1) + 1);
      out += redacted;
    } else {
      out += line;
    }
    out += end;
  }
  return out;
}

bool is_secret_name(std::string_view key) {
  constexpr std::array<std::string_view, 6> names{"authorization", "password",      "api_key",
                                                  "secret",        "client_secret", "token"};
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view name) { return boost::iequals(key, name); });
}

void redact(json::value& value) {
  if (auto* const list = value.if_array()) {
    for (auto& one : *list) {
      redact(one);
    }
  } else if (auto* const object = value.if_object()) {
    for (auto& [key, member] : *object) {
      if (member.is_string() && is_secret_name(key)) {
        member = redacted;
      } else if (key == "headers" && member.is_object()) {
        for (auto& [name, header] : member.get_object()) {
          header = redacted;
        }
      } else {
        redact(member);
      }
    }
  }
}

void shorten(json::value& value) {
  if (auto* const list = value.if_array()) {
    for (auto& one : *list) {
      shorten(one);
    }
  } else if (auto* const object = value.if_object()) {
    for (auto& [key, member] : *object) {
      shorten(member);
    }
  } else if (value.is_string() && value.get_string().size() > shortened_string) {
    const std::string_view text = value.get_string();
    std::string shown = valid_utf8(text.substr(0, shortened_string));
    shown += "… (" + std::to_string(text.size()) + " bytes)";
    value = shown;
  }
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  return std::string{json::parse(quote_ascii(text)).as_string()};
}

std::string_view sip_call_id(std::string_view message) {
  take_line(message);
  while (!message.empty()) {
    const std::string_view line = take_line(message);
    const auto colon = line.find(':');
    if (line.empty() || colon == std::string_view::npos) {
      return {};
    }
    const std::string_view name = trim(line.substr(0, colon));
    if (boost::iequals(name, "Call-ID") || boost::iequals(name, "i")) {
      return trim(line.substr(colon + 1));
    }
  }
  return {};
}

json::object show_sip(std::string_view message) {
  const std::string start_line = without_password(valid_utf8(take_line(message)));
  json::array headers;
  std::string name;
  std::string value;
  const auto keep = [&] {
    if (!name.empty() && headers.size() < most_headers) {
      headers.push_back(json::object{
          {"name", name},
          {"value", is_credential(name) ? std::string{redacted} : without_password(value)}});
    }
    name.clear();
  };
  while (!message.empty()) {
    const std::string_view line = take_line(message);
    if (line.empty()) {
      break;
    }
    if ((line.front() == ' ' || line.front() == '\t') && !name.empty()) {
      value += ' ' + valid_utf8(trim(line));  // a folded line belongs to the header before
      continue;
    }
    keep();
    const auto colon = std::min(line.find(':'), line.size());
    name = valid_utf8(trim(line.substr(0, colon)));
    value = valid_utf8(trim(line.substr(std::min(colon + 1, line.size()))));
  }
  keep();
  json::object shown{{"start_line", start_line}, {"headers", std::move(headers)}};
  if (!message.empty()) {
    shown["body"] = valid_utf8(without_keys(message));
  }
  return shown;
}

json::value show_event(std::string_view text, std::size_t longest) {
  auto parsed =
      text.size() > 16 * longest ? Result<json::value>{fail(Errc::overloaded)} : parse_json(text);
  if (!parsed || !parsed->is_object()) {
    return json::object{{"not_shown", valid_utf8(text.substr(0, shortened_string))},
                        {"bytes", text.size()}};
  }
  redact(*parsed);
  if (text.size() > longest) {
    shorten(*parsed);
    if (json::serialize(*parsed).size() > longest) {
      return json::object{{"type", json_string(*parsed, "type")}, {"bytes", text.size()}};
    }
  }
  return std::move(*parsed);
}

}  // namespace offhook::sim
