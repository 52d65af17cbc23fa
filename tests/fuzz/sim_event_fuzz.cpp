// Input: what controllers send to the sim, one message a line: accept bodies and sideband events of
// both APIs. Nonsense is refused; nothing of it makes the sessions lose their step.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <boost/json/parse.hpp>

#include "expect.hpp"
#include "sim/live_session.hpp"
#include "sim/outbound_request.hpp"
#include "sim/realtime_session.hpp"
#include "sim/request_body.hpp"

namespace sim = offhook::sim;
namespace json = boost::json;

namespace {

constexpr std::size_t most_actions = 10'000;

sim::RealtimeSession realtime() {
  sim::SessionOptions options{sim::Persona{{"One two."}}, sim::Ids{7}};
  return {sim::SessionConfig::from_accept(json::parse(R"({"type":"realtime"})"),
                                          offhook::audio::CodecId::pcmu)
              .value(),
          std::move(options)};
}

sim::LiveSession live() {
  sim::LiveOptions options{sim::Persona{{"One two."}}, sim::Ids{7}, "live_1"};
  return {sim::LiveConfig::from_body(json::parse(R"({"type":"live","model":"gpt-live-1"})"), true)
              .value(),
          std::move(options)};
}

void read_bodies(std::string_view text) {
  static_cast<void>(sim::refer_target(text));
  const auto body = sim::parse_object(text);
  if (!body) {
    FUZZ_EXPECT(body.error().status == 400);
    return;
  }
  static_cast<void>(sim::SessionConfig::from_accept(*body, offhook::audio::CodecId::opus));
  static_cast<void>(sim::LiveConfig::from_body(*body, true));
  static_cast<void>(sim::parse_outbound(*body, true));
  static_cast<void>(sim::reject_status(*body));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text{reinterpret_cast<const char*>(data), size};
  auto one = realtime();
  auto other = live();
  sim::Time now{};
  int heard_ms = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    read_bodies(line);
    now += std::chrono::milliseconds{20};
    heard_ms += 200;
    one.on_caller_audio(heard_ms, now);
    one.on_client_event(line, now);
    one.on_time(now);
    other.on_client_event(line, now);
    other.on_time(now);
    FUZZ_EXPECT(one.take_actions().size() < most_actions);
    FUZZ_EXPECT(other.take_actions().size() < most_actions);
  }
  return 0;
}
