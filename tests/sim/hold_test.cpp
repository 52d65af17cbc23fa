// A caller who holds the call, and takes it up again.
#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "raw_phone.hpp"

namespace offhook::sim {
namespace {

const std::string say_while_held =
    R"({"type":"response.create","response":{"instructions":"Say Nobody hears this."}})";

long media_changes(const SimWorld& world) {
  return std::count_if(world.marks.begin(), world.marks.end(),
                       [](const Mark& mark) { return mark.name == "media.changed"; });
}

/// Offers that direction, and waits until the sim's media has it. @return the answer.
std::string offer_direction(SimWorld& world,
                            RawPhone& phone,
                            const std::string& method,
                            const std::string& direction) {
  const long before = media_changes(world);
  phone.direction = direction;
  phone.offer_again(method);
  std::string answer = phone.last();
  world.run_until([&] { return media_changes(world) > before; });
  return answer;
}

TEST_SUITE("Held call") {
  TEST_CASE("no RTP comes, events do; taken up again, RTP flows") {
    struct Hold {
      std::string method;
      std::string offered;
      std::string_view answered;
    };
    for (const auto& [method, offered, answered] : {Hold{"INVITE", "sendonly", "a=recvonly\r\n"},
                                                    Hold{"INVITE", "inactive", "a=inactive\r\n"},
                                                    Hold{"UPDATE", "sendonly", "a=recvonly\r\n"},
                                                    Hold{"UPDATE", "inactive", "a=inactive\r\n"}}) {
      CAPTURE(method);
      CAPTURE(offered);
      SimWorld world{udp_config()};
      RawPhone phone{world};
      phone.call("");
      const auto sideband = world.observe(phone.id);
      phone.wait_for_packets(5);

      const std::string held = offer_direction(world, phone, method, offered);
      CHECK(held.starts_with("SIP/2.0 200"));
      CHECK(held.find(answered) != std::string::npos);
      world.send(*sideband, say_while_held);
      world.wait_for(*sideband, "output_audio_buffer.started");
      const std::size_t packets = phone.packets().size();
      world.wait_for(*sideband, "output_audio_buffer.stopped");
      CHECK(phone.packets().size() == packets);
      CHECK_FALSE(sideband->over);

      const std::string resumed = offer_direction(world, phone, method, "sendrecv");
      CHECK(resumed.starts_with("SIP/2.0 200"));
      CHECK(resumed.find("a=recvonly") == std::string::npos);
      CHECK(resumed.find("a=inactive") == std::string::npos);
      phone.wait_for_packets(packets + 20);
      CHECK(world.post(phone.id, "hangup").status == 200);
      static_cast<void>(phone.wait_for("BYE "));
    }
  }
}

}  // namespace
}  // namespace offhook::sim
