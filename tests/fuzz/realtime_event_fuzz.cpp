// Input: one text message of a sideband. Whatever it is, its description is one bounded line.
#include <algorithm>
#include <string_view>

#include <boost/json/serialize.hpp>

#include "expect.hpp"
#include "openai/realtime_event.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offhook::openai;
  const auto event = parse_realtime_event({reinterpret_cast<const char*>(data), size});
  if (!event) {
    FUZZ_EXPECT(event.error().code == offhook::Errc::malformed_message);
    return 0;
  }
  FUZZ_EXPECT(!event->type.empty());
  const std::string line = describe(*event);
  FUZZ_EXPECT(line.size() < 1'000);
  FUZZ_EXPECT(std::ranges::none_of(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
  // What we write about it can be read again.
  const auto again = parse_realtime_event(function_call_output(event->type, line));
  FUZZ_EXPECT(again && again->type == "conversation.item.create");
  return 0;
}
