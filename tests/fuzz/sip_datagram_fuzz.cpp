// Input: a datagram that the SIP stack cannot read. The answer, if there is one, is one well-formed
// response that repeats nothing but lines of the datagram.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "expect.hpp"
#include "sip/raw_refusal.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offhook::sip;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  static_cast<void>(scheme_of(text));
  static_cast<void>(quotes_are_closed(text));
  const auto answer = refuse_unreadable(text, {"127.0.0.1", 5060});
  if (!answer) {
    return 0;
  }
  FUZZ_EXPECT(answer->starts_with("SIP/2.0 400 ") || answer->starts_with("SIP/2.0 416 ") ||
              answer->starts_with("SIP/2.0 505 "));
  FUZZ_EXPECT(answer->find("\r\nVia: SIP") != std::string::npos);
  FUZZ_EXPECT(answer->find("\r\n\r\n") == answer->size() - 4);
  FUZZ_EXPECT(answer->find('\0') == std::string::npos);
  FUZZ_EXPECT(answer->size() < 2 * size + 4'096);
  return 0;
}
