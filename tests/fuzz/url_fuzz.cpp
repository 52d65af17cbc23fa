// Input: an address as a user or a configuration file gives it.
#include <string_view>

#include "expect.hpp"
#include "net/url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offhook::net;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  FUZZ_EXPECT(percent_decode(percent_encode(text)) == text);
  FUZZ_EXPECT(percent_decode(text).size() <= text.size());
  if (const auto url = parse_url(text)) {
    FUZZ_EXPECT(!url->host.empty() && url->port != 0 && url->target.starts_with("/"));
    // The same address written from its parts is the same address.
    const auto again = parse_url(url->scheme + "://" + url->authority() + url->target);
    FUZZ_EXPECT(again && again->host == url->host && again->port == url->port);
  }
  if (const auto address = parse_host_port(text)) {
    FUZZ_EXPECT(!address->host.empty());
  }
  return 0;
}
