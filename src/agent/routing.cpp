#include "agent/routing.hpp"

#include <algorithm>
#include <optional>

#include "net/url.hpp"

namespace offhook::agent {
namespace {

constexpr std::string_view number_characters = "+0123456789*#-.() ";

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// What follows a quoted display name; nothing when its closing mark is missing.
std::optional<std::string_view> after_display_name(std::string_view value) {
  if (!value.starts_with('"')) {
    return value;
  }
  for (std::size_t i = 1; i < value.size(); ++i) {
    if (value[i] == '\\') {
      ++i;
    } else if (value[i] == '"') {
      return trimmed(value.substr(i + 1));
    }
  }
  return std::nullopt;
}

/// The URI itself, without header parameters.
std::string_view uri_of(std::string_view value) {
  const auto rest = after_display_name(trimmed(value));
  if (!rest) {
    return {};
  }
  const auto open = rest->find('<');
  if (open != std::string_view::npos) {
    // A URI before the bracket would make the header ambiguous: only a display name of words may
    // stand there.
    if (rest->substr(0, open).find_first_of(":@,;\"") != std::string_view::npos) {
      return {};
    }
    const auto close = rest->find('>', open);
    return close == std::string_view::npos ? std::string_view{}
                                           : trimmed(rest->substr(open + 1, close - open - 1));
  }
  // RFC 3261 section 20: without brackets everything from ; on belongs to the header.
  return trimmed(rest->substr(0, rest->find_first_of(";,?")));
}

/// Numbers lose what is there for the eye; other users stay as they are.
std::string plain_number(std::string_view text) {
  if (text.find_first_not_of(number_characters) != std::string_view::npos) {
    return std::string{text};
  }
  std::string number;
  for (const char c : text) {
    if (std::string_view{"-.() "}.find(c) == std::string_view::npos) {
      number.push_back(c);
    }
  }
  return number;
}

}  // namespace

std::string number_of_header(std::string_view value) {
  const std::string_view uri = uri_of(value);
  const auto colon = uri.find(':');
  const std::string_view scheme = uri.substr(0, colon == std::string_view::npos ? 0 : colon);
  if (scheme.empty()) {
    const bool bare = uri.find_first_not_of(number_characters) == std::string_view::npos;
    return bare ? plain_number(uri) : std::string{};
  }
  std::string_view rest = uri.substr(colon + 1);
  if (equal_ignoring_case(scheme, "sip") || equal_ignoring_case(scheme, "sips")) {
    const auto at = rest.find('@');
    if (at == std::string_view::npos || rest.find('@', at + 1) != std::string_view::npos) {
      return {};  // a host alone, or something that nobody reads as its writer meant it
    }
    rest = rest.substr(0, at);
    rest = rest.substr(0, rest.find(':'));  // a password
  } else if (!equal_ignoring_case(scheme, "tel")) {
    return {};
  }
  return plain_number(net::percent_decode(rest.substr(0, rest.find(';'))));
}

CallParties call_parties(const std::vector<openai::SipHeaderField>& headers,
                         const NumberSources& sources) {
  const auto first_number = [&](const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      std::string number = number_of_header(openai::sip_header(headers, name));
      if (!number.empty()) {
        return number;
      }
    }
    return std::string{};
  };
  return {first_number(sources.called), first_number(sources.caller)};
}

bool pattern_fits(std::string_view pattern, std::string_view text) noexcept {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // the last one seen, and how far it reaches
  std::size_t reach = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      reach = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++reach;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

Route find_route(const std::vector<RouteRule>& rules,
                 const std::vector<openai::SipHeaderField>& headers,
                 const CallParties& parties) {
  const auto one_fits = [](const std::vector<std::string>& patterns, std::string_view number) {
    return patterns.empty() ||
           std::any_of(patterns.begin(), patterns.end(),
                       [&](const std::string& pattern) { return pattern_fits(pattern, number); });
  };
  const auto header_fits = [&](const std::pair<std::string, std::string>& condition) {
    return std::any_of(headers.begin(), headers.end(), [&](const openai::SipHeaderField& field) {
      return equal_ignoring_case(field.name, condition.first) &&
             pattern_fits(condition.second, trimmed(field.value));
    });
  };
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const RouteRule& rule = rules[i];
    if (one_fits(rule.called, parties.called) && one_fits(rule.caller, parties.caller) &&
        std::all_of(rule.headers.begin(), rule.headers.end(), header_fits)) {
      return {static_cast<int>(i), rule.reject_code == 0 ? rule.agent : std::string{},
              rule.reject_code};
    }
  }
  return {};
}

}  // namespace offhook::agent
