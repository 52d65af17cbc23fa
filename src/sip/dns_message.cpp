#include "sip/dns_message.hpp"

#include <cstddef>

namespace offhook::sip {
namespace {

constexpr std::size_t header_bytes = 12;
constexpr std::size_t max_name_bytes = 255;
constexpr std::size_t max_label_bytes = 63;
constexpr std::uint16_t class_in = 1;
constexpr std::uint32_t time_to_live_s = 1;

std::uint16_t read_u16(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>((bytes[at] << 8U) | bytes[at + 1]);
}

void write_u16(std::vector<std::uint8_t>& out, std::uint16_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8U));
  out.push_back(static_cast<std::uint8_t>(value & 0xFFU));
}

/// Reads labels up to the root; compression has no place in a question.
std::optional<std::string> read_name(std::span<const std::uint8_t> bytes, std::size_t& at) {
  std::string name;
  while (at < bytes.size()) {
    const std::size_t length = bytes[at++];
    if (length == 0) {
      return name;
    }
    if (length > max_label_bytes || at + length > bytes.size() ||
        name.size() + length + 1 > max_name_bytes) {
      return std::nullopt;
    }
    if (!name.empty()) {
      name += '.';
    }
    for (const std::uint8_t byte : bytes.subspan(at, length)) {
      if (byte <= ' ' || byte >= 0x7F || byte == '.') {
        return std::nullopt;
      }
      const bool upper = byte >= 'A' && byte <= 'Z';
      name += static_cast<char>(upper ? byte - 'A' + 'a' : byte);
    }
    at += length;
  }
  return std::nullopt;
}

}  // namespace

std::optional<DnsQuestion> parse_dns_query(std::span<const std::uint8_t> datagram) {
  if (datagram.size() < header_bytes) {
    return std::nullopt;
  }
  const std::uint16_t flags = read_u16(datagram, 2);
  const bool is_query = (flags & 0xF800U) == 0;
  if (!is_query || read_u16(datagram, 4) != 1) {
    return std::nullopt;
  }
  DnsQuestion question;
  question.id = read_u16(datagram, 0);
  question.recursion_desired = (flags & 0x0100U) != 0;
  std::size_t at = header_bytes;
  auto name = read_name(datagram, at);
  if (!name || datagram.size() - at < 4 || read_u16(datagram, at + 2) != class_in) {
    return std::nullopt;
  }
  question.name = std::move(*name);
  question.type = read_u16(datagram, at);
  const auto wire = datagram.subspan(header_bytes, at + 4 - header_bytes);
  question.wire.assign(wire.begin(), wire.end());
  return question;
}

std::vector<std::uint8_t> write_dns_response(const DnsQuestion& question,
                                             DnsStatus status,
                                             std::span<const DnsAddress> addresses) {
  const std::size_t wanted = question.type == dns_type_a      ? 4U
                             : question.type == dns_type_aaaa ? 16U
                                                              : 0U;
  std::vector<const DnsAddress*> records;
  for (const DnsAddress& address : addresses) {
    if (wanted != 0 && address.size() == wanted) {
      records.push_back(&address);
    }
  }
  std::vector<std::uint8_t> out;
  write_u16(out, question.id);
  const unsigned recursion = question.recursion_desired ? 0x0100U : 0U;
  write_u16(out, static_cast<std::uint16_t>(0x8080U | recursion | static_cast<unsigned>(status)));
  write_u16(out, 1);
  write_u16(out, static_cast<std::uint16_t>(records.size()));
  write_u16(out, 0);
  write_u16(out, 0);
  out.insert(out.end(), question.wire.begin(), question.wire.end());
  for (const DnsAddress* address : records) {
    write_u16(out, 0xC000U | header_bytes);  // pointer to the question's name
    write_u16(out, question.type);
    write_u16(out, class_in);
    write_u16(out, 0);
    write_u16(out, static_cast<std::uint16_t>(time_to_live_s));
    write_u16(out, static_cast<std::uint16_t>(address->size()));
    out.insert(out.end(), address->begin(), address->end());
  }
  return out;
}

}  // namespace offhook::sip
