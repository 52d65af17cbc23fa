#include "serve/control_guard.hpp"

#include <algorithm>

#include <boost/json/object.hpp>

#include "base/json_text.hpp"

namespace offhook::serve {
namespace {

constexpr std::string_view scheme = "Bearer ";

/// "127.0.0.1:8444" → "127.0.0.1", "[::1]:8444" → "[::1]".
std::string_view without_port(std::string_view host) noexcept {
  const auto bracket = host.find(']');
  const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return host.substr(0, colon);
}

bool is_ipv4_loopback(std::string_view host) noexcept {
  return host.starts_with("127.") && std::ranges::count(host, '.') == 3 &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

bool same_text(std::string_view a, std::string_view b) noexcept {
  unsigned different = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    different |= static_cast<unsigned>(static_cast<unsigned char>(a[i] ^ other));
  }
  return different == 0;
}

bool is_loopback_host(std::string_view host) noexcept {
  const std::string_view name = without_port(host);
  return name == "localhost" || name == "[::1]" || is_ipv4_loopback(name);
}

std::optional<net::HttpResponse> refuse_host(const net::HttpRequest& request) {
  if (is_loopback_host(request.headers.get("Host"))) {
    return std::nullopt;
  }
  return json_error(421, "wrong_host", "the control API answers to localhost and 127.0.0.1 only");
}

std::optional<net::HttpResponse> refuse_token(const net::HttpRequest& request,
                                              const Secret& token) {
  const std::string_view given = request.headers.get("Authorization");
  if (!token.empty() && given.starts_with(scheme) &&
      same_text(given.substr(scheme.size()), token.reveal())) {
    return std::nullopt;
  }
  auto refusal = json_error(401, "unauthorized",
                            "Authorization: Bearer TOKEN is missing or wrong; the token is "
                            "OFFHOOK_CONTROL_TOKEN, or in the file that the start-up text names");
  refusal.headers.add("WWW-Authenticate", "Bearer");
  return refusal;
}

net::HttpResponse json_answer(int status, const boost::json::value& body) {
  net::HttpResponse answer;
  answer.status = status;
  answer.headers.add("Content-Type", "application/json");
  answer.headers.add("Cache-Control", "no-store");
  answer.body = json_text(body) + "\n";
  return answer;
}

net::HttpResponse json_error(int status, std::string_view code, std::string_view message) {
  const boost::json::object error{{"code", code}, {"message", message}};
  return json_answer(status, boost::json::object{{"error", error}});
}

}  // namespace offhook::serve
