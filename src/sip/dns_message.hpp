#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace offhook::sip {

/// Types of DNS records (RFC 1035 section 3.2.2, RFC 3596) that get anything but an empty answer.
inline constexpr std::uint16_t dns_type_a = 1;
inline constexpr std::uint16_t dns_type_aaaa = 28;

/// The one question of a standard query (RFC 1035 section 4.1).
struct DnsQuestion {
  std::uint16_t id = 0;
  bool recursion_desired = false;
  std::string name;  ///< Lower case, without the final dot.
  std::uint16_t type = 0;
  std::vector<std::uint8_t> wire{};  ///< The question section as it came.
};

/// Address of an A (4 bytes) or AAAA (16 bytes) record.
using DnsAddress = std::vector<std::uint8_t>;

/// @return nothing for anything but a well-formed query of class IN with exactly one question.
[[nodiscard]] std::optional<DnsQuestion> parse_dns_query(std::span<const std::uint8_t> datagram);

enum class DnsStatus : std::uint8_t { no_error = 0, server_failure = 2, no_such_name = 3 };

/// The answer to `question`: a record per address of the length that its type asks for.
[[nodiscard]] std::vector<std::uint8_t> write_dns_response(const DnsQuestion& question,
                                                           DnsStatus status,
                                                           std::span<const DnsAddress> addresses);

}  // namespace offhook::sip
