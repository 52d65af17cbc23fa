#include "net/url.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

#include <boost/asio/ip/address.hpp>
#include <boost/url/host_type.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace offhook::net {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_unreserved(char c) {
  return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/// Hosts go into header lines, so nothing but letters, digits and address punctuation is let in.
bool is_usable_host(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == ':';
  });
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) {
    return fail(Errc::invalid_argument,
                "'" + std::string{text} + "' is no port; a port is a number from 0 to 65535");
  }
  return port;
}

std::uint16_t default_port(std::string_view scheme) {
  return scheme == "https" || scheme == "wss" ? 443 : 80;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

tl::unexpected<Error> bad_url(std::string_view text, std::string_view why) {
  return fail(Errc::invalid_argument, "address '" + std::string{text} + "': " + std::string{why});
}

}  // namespace

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != default_port(scheme)) {
    text += ":" + std::to_string(port);
  }
  return text;
}

Result<Url> parse_url(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) {
    return bad_url(text, "not a URL; write it like https://host:port/path");
  }
  Url url;
  url.scheme = parsed->scheme();
  std::ranges::transform(url.scheme, url.scheme.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (url.scheme != "http" && url.scheme != "https" && url.scheme != "ws" && url.scheme != "wss") {
    return bad_url(text, "the scheme must be http, https, ws or wss");
  }
  if (parsed->has_userinfo()) {
    return fail(Errc::invalid_argument,
                "address with user information in front of the host; credentials go into headers");
  }
  url.host = parsed->host_address();
  const bool v6 = parsed->host_type() == boost::urls::host_type::ipv6;
  if (!is_usable_host(url.host) || (!v6 && url.host.find(':') != std::string::npos)) {
    return bad_url(text, "no usable host name or IP address");
  }
  // Boost.URL 1.81 takes what follows the digits of a port for a path: "h:80x" is "h:80" and "x".
  const std::string path{parsed->encoded_path()};
  if (!path.empty() && path.front() != '/') {
    return bad_url(text, "the port must be a number from 1 to 65535");
  }
  url.port = default_port(url.scheme);
  if (parsed->has_port() && !parsed->port().empty()) {
    const std::string digits{parsed->port()};
    const auto port = parse_port(digits);
    if (!port || *port == 0) {
      return bad_url(text, "the port must be a number from 1 to 65535");
    }
    url.port = *port;
  }
  url.target = std::string{parsed->encoded_target()};
  if (url.target.empty() || url.target.front() != '/') {
    url.target.insert(0, "/");
  }
  return url;
}

std::string percent_encode(std::string_view text) {
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += hex_digits[byte >> 4U];
      encoded += hex_digits[byte & 0xFU];
    }
  }
  return encoded;
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low >= 0) {
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

bool is_loopback(std::string_view host) noexcept {
  boost::system::error_code failure;
  const auto address = boost::asio::ip::make_address(host, failure);
  return failure ? host == "localhost" : address.is_loopback();
}

Result<HostPort> parse_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return fail(Errc::invalid_argument, "'" + std::string{text} + "' has no port; write HOST:PORT");
  }
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) {
    return fail(port.error());
  }
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return fail(Errc::invalid_argument,
                "'" + std::string{text} + "': an IPv6 address goes in brackets, like [::1]:8443");
  }
  if (host.empty() && !bracketed) {
    return HostPort{"127.0.0.1", *port};
  }
  if (!is_usable_host(host)) {
    return fail(Errc::invalid_argument,
                "'" + std::string{text} + "' names no usable host; write HOST:PORT");
  }
  return HostPort{std::string{host}, *port};
}

}  // namespace offhook::net
