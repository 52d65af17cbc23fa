#include <algorithm>
#include <cctype>

#include "agent/file/sections.hpp"
#include "net/url.hpp"

namespace offhook::agent::file {
namespace {

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

}  // namespace

std::string check_http_url(std::string_view text) {
  const auto url = net::parse_url(text);
  if (!url || !url->scheme.starts_with("http")) {
    return "is no address; it looks like https://host/path";
  }
  if (url->scheme == "http" && !net::is_loopback(url->host)) {
    return "must begin with https:// unless the host is this machine";
  }
  return {};
}

std::string check_listen(std::string_view text) {
  return net::parse_host_port(text) ? std::string{}
                                    : "is no address to listen at; it looks like 127.0.0.1:8443";
}

std::string check_control_listen(std::string_view text) {
  const auto address = net::parse_host_port(text);
  if (!address) {
    return check_listen(text);
  }
  return net::is_loopback(address->host)
             ? std::string{}
             : "must be an address of this machine alone (127.0.0.1): it speaks no TLS; put a "
               "proxy before it to reach it from elsewhere";
}

std::string check_language(std::string_view text) {
  const bool fine =
      (text.size() == 2 || text.size() == 3) &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  return fine ? std::string{} : "is no language code; it looks like en (ISO 639-1)";
}

std::string check_transfer_target(std::string_view text) {
  const bool known = text == "any" || text.starts_with("tel:") || text.starts_with("sip:") ||
                     text.starts_with("sips:");
  const bool clean = std::none_of(text.begin(), text.end(), [](unsigned char c) {
    return c <= ' ' || c == 0x7f || c == '<' || c == '>';
  });
  return known && clean ? std::string{}
                        : "is no target; it looks like tel:+14155550123 or sip:desk@example.com, "
                          "or is the word any";
}

std::string check_path(std::string_view text) {
  return text.starts_with("/") ? std::string{} : "must begin with /";
}

std::string check_keypad_terminator(std::string_view text) {
  const bool fine = text.size() == 1 &&
                    std::string_view{"0123456789*#ABCD"}.find(text[0]) != std::string_view::npos;
  return fine ? std::string{} : "must be one key: 0-9, \"*\", \"#\" or A-D";
}

std::string check_header_name(std::string_view text) {
  return is_token(text) ? std::string{} : "is no name of a header";
}

}  // namespace offhook::agent::file
