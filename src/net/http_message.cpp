#include "net/http_message.hpp"

#include <algorithm>

#include "net/url.hpp"

namespace offhook::net {
namespace {

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, to_lower, to_lower);
}

/// `+` stands for a space in queries, as HTML forms write it.
std::string decode_query(std::string_view text) {
  std::string spaced{text};
  std::ranges::replace(spaced, '+', ' ');
  return percent_decode(spaced);
}

}  // namespace

std::string_view HttpHeaders::get(std::string_view name) const noexcept {
  const auto found =
      std::ranges::find_if(fields_, [&](const auto& field) { return same_name(field.name, name); });
  return found == fields_.end() ? std::string_view{} : std::string_view{found->value};
}

bool HttpHeaders::has(std::string_view name) const noexcept {
  return std::ranges::any_of(fields_,
                             [&](const auto& field) { return same_name(field.name, name); });
}

std::string_view HttpRequest::path() const noexcept {
  const std::string_view whole{target};
  return whole.substr(0, whole.find('?'));
}

std::string HttpRequest::query(std::string_view name) const {
  std::string_view rest{target};
  const auto question = rest.find('?');
  if (question == std::string_view::npos) {
    return {};
  }
  rest.remove_prefix(question + 1);
  while (!rest.empty()) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (decode_query(pair.substr(0, equals)) == name) {
      return equals == std::string_view::npos ? std::string{}
                                              : decode_query(pair.substr(equals + 1));
    }
  }
  return {};
}

}  // namespace offhook::net
