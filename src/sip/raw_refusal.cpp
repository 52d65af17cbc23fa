#include "sip/raw_refusal.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "sip/sdp_text.hpp"

namespace offhook::sip {
namespace {

constexpr std::size_t most_lines = 256;
constexpr std::size_t longest_copy = 4'096;
constexpr std::string_view version = "SIP/2.0";

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

/// "SIP/7.0"
bool is_version(std::string_view text) noexcept {
  return text.size() == version.size() && text.starts_with("SIP/") && is_digit(text[4]) &&
         text[5] == '.' && is_digit(text[6]);
}

/// Lines up to the empty one; a folded line stays with the one that it continues.
std::vector<std::string> lines_of(std::string_view packet) {
  std::vector<std::string> lines;
  while (!packet.empty() && lines.size() < most_lines) {
    const std::size_t end = packet.find('\n');
    const std::string_view line = packet.substr(0, end);
    packet.remove_prefix(end == std::string_view::npos ? packet.size() : end + 1);
    if (trimmed(line).empty()) {
      break;
    }
    if ((line.front() == ' ' || line.front() == '\t') && !lines.empty()) {
      lines.back().append(" ").append(trimmed(line));
    } else {
      lines.emplace_back(line.substr(0, line.find_last_not_of('\r') + 1));
    }
  }
  return lines;
}

struct Field {
  std::string_view name;
  std::string_view value;
};

Field field_of(std::string_view line) noexcept {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    return {};
  }
  return {trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1))};
}

/// The header's long name if an answer repeats it (RFC 3261 section 8.2.6.2).
std::string_view copied_name(std::string_view name) noexcept {
  constexpr std::array<std::array<std::string_view, 2>, 5> names{
      {{"Via", "v"}, {"From", "f"}, {"To", "t"}, {"Call-ID", "i"}, {"CSeq", "CSeq"}}};
  for (const auto& [full, compact] : names) {
    if (equal_ignoring_case(name, full) || equal_ignoring_case(name, compact)) {
      return full;
    }
  }
  return {};
}

/// Without what would break out of a line.
std::string printable_value(std::string_view value) {
  std::string text{value.substr(0, longest_copy)};
  std::ranges::replace_if(
      text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, '?');
  return text;
}

struct Status {
  int code;
  const char* reason;
};

Status judge(std::string_view start) noexcept {
  const std::size_t first = start.find(' ');
  const std::size_t last = start.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return {400, "Bad Request"};
  }
  const std::string_view uri = start.substr(first + 1, last - first - 1);
  const std::string_view end = start.substr(last + 1);
  if (uri.empty() || uri.find_first_of(" \t") != std::string_view::npos || !is_version(end)) {
    return {400, "Bad Request"};
  }
  if (end != version) {
    return {505, "Version Not Supported"};
  }
  const std::string_view scheme = scheme_of(uri);
  const bool known = equal_ignoring_case(scheme, "sip") || equal_ignoring_case(scheme, "sips");
  return !scheme.empty() && !known ? Status{416, "Unsupported URI Scheme"}
                                   : Status{400, "Bad Request"};
}

bool has_tag(std::string_view to) {
  const std::size_t end = to.find('>');
  return to.find(";tag=", end == std::string_view::npos ? 0 : end) != std::string_view::npos;
}

}  // namespace

std::string_view scheme_of(std::string_view uri) noexcept {
  const std::size_t colon = uri.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_letter(uri.front())) {
    return {};
  }
  const std::string_view scheme = uri.substr(0, colon);
  const bool good = std::ranges::all_of(scheme, [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
  return good ? scheme : std::string_view{};
}

bool quotes_are_closed(std::string_view value) noexcept {
  bool quoted = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (quoted && value[i] == '\\') {
      ++i;
    } else if (value[i] == '"') {
      quoted = !quoted;
    }
  }
  return !quoted;
}

std::optional<std::string> refuse_unreadable(std::string_view packet, const PacketSource& source) {
  const auto lines = lines_of(packet);
  if (lines.size() < 2 || lines.front().starts_with("SIP/") || !is_letter(lines.front().front()) ||
      lines.front().starts_with("ACK ")) {
    return std::nullopt;
  }
  const Status status = judge(lines.front());
  std::string answer =
      "SIP/2.0 " + std::to_string(status.code) + ' ' + std::string{status.reason} + "\r\n";
  bool routable = false;
  std::vector<std::string_view> once;  // all but Via
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const Field field = field_of(lines[i]);
    const std::string_view name = copied_name(field.name);
    if (name.empty() || std::ranges::find(once, name) != once.end()) {
      continue;
    }
    answer.append(name).append(": ").append(printable_value(field.value));
    if (name != "Via") {
      once.push_back(name);
      answer += name == "To" && !has_tag(field.value) ? ";tag=unreadable" : "";
    } else if (!std::exchange(routable, true)) {  // the topmost: RFC 3261 18.2.1
      if (!field.value.starts_with("SIP")) {
        return std::nullopt;
      }
      answer += ";received=" + source.host + ";rport=" + std::to_string(source.port);
    }
    answer += "\r\n";
  }
  if (!routable) {
    return std::nullopt;
  }
  return answer + "Content-Length: 0\r\n\r\n";
}

}  // namespace offhook::sip
