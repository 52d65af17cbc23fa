// Any bytes as a query to the name server on loopback: dropped, or answered with its own question.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "expect.hpp"
#include "sip/dns_message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offhook::sip;
  const auto question = parse_dns_query(std::span{data, size});
  if (!question) {
    return 0;
  }
  const std::array<DnsAddress, 2> addresses{DnsAddress{127, 0, 0, 1}, DnsAddress(16, 1)};
  const auto response = write_dns_response(*question, DnsStatus::no_error, addresses);
  FUZZ_EXPECT(question->name.size() <= 255);
  FUZZ_EXPECT(response.size() >= 12 + question->wire.size());
  return 0;
}
