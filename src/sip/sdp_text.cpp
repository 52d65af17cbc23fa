#include "sip/sdp_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

namespace offhook::sip {
namespace {

constexpr std::size_t max_text_bytes = 64U * 1024U;
constexpr std::size_t max_streams = 32;
constexpr std::size_t max_formats = 64;

/// RFC 3551 section 6; only what a phone may meet without a=rtpmap.
struct StaticType {
  int payload_type;
  const char* name;
};
constexpr std::array<StaticType, 6> static_types{
    {{0, "PCMU"}, {3, "GSM"}, {4, "G723"}, {8, "PCMA"}, {9, "G722"}, {18, "G729"}}};

std::string_view next_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
    line.remove_suffix(1);
  }
  return line;
}

/// "IN IP4 192.0.2.1/127" -> "192.0.2.1"
std::string_view parse_connection(std::string_view value) {
  static_cast<void>(next_field(value));
  static_cast<void>(next_field(value));
  const std::string_view address = next_field(value);
  return address.substr(0, address.find('/'));
}

SdpAttribute parse_attribute(std::string_view value) {
  const std::size_t colon = value.find(':');
  if (colon == std::string_view::npos) {
    return {value, {}};
  }
  return {value.substr(0, colon), value.substr(colon + 1)};
}

Result<SdpStream> parse_stream(std::string_view value) {
  SdpStream stream;
  stream.kind = next_field(value);
  const std::string_view port = next_field(value);
  const auto number = to_number(port.substr(0, port.find('/')), 65'535);
  stream.protocol = next_field(value);
  if (!number || stream.protocol.empty()) {
    return fail(Errc::malformed_message, "sdp: unreadable m= line");
  }
  stream.port = static_cast<std::uint16_t>(*number);
  while (!value.empty() && stream.formats.size() < max_formats) {
    stream.formats.push_back(next_field(value));
  }
  return stream;
}

void parse_origin(SdpText& session, std::string_view value) {
  static_cast<void>(next_field(value));
  session.origin_id = next_field(value);
  session.origin_version = next_field(value);
}

std::optional<std::string_view> find_attribute(const std::vector<SdpAttribute>& attributes,
                                               std::string_view name) {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [name](const SdpAttribute& a) { return a.name == name; });
  if (found == attributes.end()) {
    return std::nullopt;
  }
  return found->value;
}

/// Value of the a=rtpmap or a=fmtp that begins with `format`, after it.
std::optional<std::string_view> value_for(const SdpStream& stream,
                                          std::string_view name,
                                          std::string_view format) {
  for (const SdpAttribute& attribute : stream.attributes) {
    std::string_view value = attribute.value;
    if (attribute.name == name && next_field(value) == format) {
      return value;
    }
  }
  return std::nullopt;
}

/// "opus/48000/2"
bool read_mapping(std::string_view mapping, SdpCodec& codec) {
  const std::size_t slash = mapping.find('/');
  if (slash == std::string_view::npos || slash == 0) {
    return false;
  }
  codec.name = mapping.substr(0, slash);
  mapping.remove_prefix(slash + 1);
  const std::size_t second = mapping.find('/');
  const auto clock = to_number(mapping.substr(0, second), 1'000'000);
  const auto channels = second == std::string_view::npos
                            ? std::optional<std::uint32_t>{1}
                            : to_number(mapping.substr(second + 1), 255);
  if (!clock || *clock == 0 || !channels || *channels == 0) {
    return false;
  }
  codec.clock_hz = static_cast<int>(*clock);
  codec.channels = static_cast<int>(*channels);
  return true;
}

}  // namespace

std::string_view next_field(std::string_view& rest) noexcept {
  const std::size_t begin = std::min(rest.find_first_not_of(' '), rest.size());
  rest.remove_prefix(begin);
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.find_first_not_of(' ', end), rest.size()));
  return field;
}

std::optional<std::uint32_t> to_number(std::string_view text, std::uint32_t limit) {
  std::uint32_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size() || value > limit) {
    return std::nullopt;
  }
  return value;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [lower](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> SdpStream::attribute(std::string_view name) const {
  return find_attribute(attributes, name);
}

std::optional<std::string_view> SdpText::attribute(std::string_view name) const {
  return find_attribute(attributes, name);
}

Result<SdpText> parse_sdp(std::string_view text) {
  if (text.size() > max_text_bytes) {
    return fail(Errc::malformed_message, "sdp: longer than 64 KiB");
  }
  if (next_line(text) != "v=0") {
    return fail(Errc::malformed_message, "sdp: does not begin with v=0");
  }
  SdpText session;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (line.size() < 2 || line[1] != '=') {
      continue;
    }
    const std::string_view value = line.substr(2);
    SdpStream* stream = session.streams.empty() ? nullptr : &session.streams.back();
    if (line[0] == 'm') {
      auto parsed = parse_stream(value);
      if (!parsed) {
        return fail(std::move(parsed).error());
      }
      if (session.streams.size() == max_streams) {
        return fail(Errc::malformed_message, "sdp: too many m= lines");
      }
      session.streams.push_back(std::move(*parsed));
    } else if (line[0] == 'o') {
      parse_origin(session, value);
    } else if (line[0] == 'c') {
      (stream == nullptr ? session.address : stream->address) = parse_connection(value);
    } else if (line[0] == 'a') {
      (stream == nullptr ? session.attributes : stream->attributes)
          .push_back(parse_attribute(value));
    }
  }
  for (SdpStream& stream : session.streams) {
    if (stream.address.empty()) {
      stream.address = session.address;
    }
  }
  return session;
}

std::vector<SdpCodec> codecs_of(const SdpStream& stream) {
  std::vector<SdpCodec> codecs;
  for (const std::string_view format : stream.formats) {
    const auto payload_type = to_number(format, 127);
    if (!payload_type) {
      continue;
    }
    SdpCodec codec;
    codec.payload_type = static_cast<int>(*payload_type);
    const auto fixed =
        std::find_if(static_types.begin(), static_types.end(),
                     [&](const StaticType& t) { return t.payload_type == codec.payload_type; });
    if (const auto mapping = value_for(stream, "rtpmap", format)) {
      if (!read_mapping(*mapping, codec)) {
        continue;
      }
    } else if (fixed != static_types.end()) {
      codec.name = fixed->name;
    } else {
      continue;
    }
    codec.fmtp = value_for(stream, "fmtp", format).value_or(std::string_view{});
    codecs.push_back(std::move(codec));
  }
  return codecs;
}

MediaDirection direction_of(const SdpText& session, const SdpStream& stream) {
  constexpr std::array<std::pair<std::string_view, MediaDirection>, 4> names{
      {{"sendrecv", MediaDirection::sendrecv},
       {"sendonly", MediaDirection::sendonly},
       {"recvonly", MediaDirection::recvonly},
       {"inactive", MediaDirection::inactive}}};
  auto direction = MediaDirection::sendrecv;
  for (const auto& [name, meaning] : names) {
    if (session.attribute(name)) {
      direction = meaning;
    }
  }
  for (const auto& [name, meaning] : names) {
    if (stream.attribute(name)) {
      direction = meaning;
    }
  }
  if (stream.address != "0.0.0.0") {
    return direction;
  }
  const bool sends = direction == MediaDirection::sendrecv || direction == MediaDirection::sendonly;
  return sends ? MediaDirection::sendonly : MediaDirection::inactive;
}

MediaDirection mirrored(MediaDirection direction) noexcept {
  switch (direction) {
    case MediaDirection::sendonly: return MediaDirection::recvonly;
    case MediaDirection::recvonly: return MediaDirection::sendonly;
    case MediaDirection::sendrecv:
    case MediaDirection::inactive: break;
  }
  return direction;
}

bool same_codec(const SdpCodec& a, const SdpCodec& b) noexcept {
  return equal_ignoring_case(a.name, b.name) && a.clock_hz == b.clock_hz &&
         a.channels == b.channels;
}

bool is_telephone_event(const SdpCodec& codec) noexcept {
  return equal_ignoring_case(codec.name, "telephone-event");
}

}  // namespace offhook::sip
