#pragma once

#include <memory>
#include <string>

#include "phone.hpp"
#include "sim_fixture.hpp"

namespace offhook::sim {

inline const std::string plain_session =
    R"({"type":"realtime","model":"gpt-realtime-2.1","instructions":"Hi"})";

/// A caller who wishes for faults by a header of the INVITE.
struct FaultyCall {
  FaultyCall(SimWorld& the_world, const std::string& quirks)
      : world{the_world}, phone{the_world, {"PCMU"}, sip::SdpProfile::savp} {
    phone.dial("proj_sim", quirks);
  }

  /// Has it accepted, observes it and lets sound flow.
  void take() {
    accept();
    sideband = world.observe(id);
    phone.talk();
  }
  /// The same, but what the sideband brings is for the caller to read, event or not.
  [[nodiscard]] net::WebSocket take_unread() {
    accept();
    auto socket = world.connect(id).value();
    phone.talk();
    return socket;
  }

  SimWorld& world;
  Phone phone;
  std::string id;
  int accepted = 0;
  std::shared_ptr<Observed> sideband;

 private:
  void accept() {
    id = world.take_call().call_id;
    accepted = world.post(id, "accept", plain_session).status;
  }
};

}  // namespace offhook::sim
