// Input: one text message of a sideband. Whatever it is, its description is one bounded line, and
// it can be read as an event of either API.
#include <algorithm>
#include <string_view>
#include <variant>

#include <boost/json/serialize.hpp>

#include "expect.hpp"
#include "openai/live_event.hpp"
#include "openai/realtime_event.hpp"
#include "openai/sideband_event.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offhook::openai;
  const auto event = parse_sideband_event({reinterpret_cast<const char*>(data), size});
  if (!event) {
    FUZZ_EXPECT(event.error().code == offhook::Errc::malformed_message);
    return 0;
  }
  FUZZ_EXPECT(!event->type.empty());
  const std::string line = describe(*event);
  FUZZ_EXPECT(line.size() < 1'000);
  FUZZ_EXPECT(std::ranges::none_of(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
  const RealtimeEvent realtime = read_realtime_event(event->type, event->body);
  const auto* const other = std::get_if<RealtimeOther>(&realtime);
  FUZZ_EXPECT(other == nullptr || other->type == event->type);
  const LiveEvent live = read_live_event(event->type, event->body);
  const auto* const unknown = std::get_if<LiveOther>(&live);
  FUZZ_EXPECT(unknown == nullptr || unknown->type == event->type);
  // What we write about it can be read again.
  const auto again = parse_sideband_event(function_call_output(event->type, line));
  FUZZ_EXPECT(again && again->type == "conversation.item.create");
  return 0;
}
