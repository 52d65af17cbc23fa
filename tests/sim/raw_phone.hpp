#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "sim_fixture.hpp"

namespace offhook::sim {

/// A packet of the model's voice as it came off the wire.
struct SeenPacket {
  std::uint16_t sequence = 0;
  std::uint32_t ssrc = 0;
  std::uint16_t port = 0;  ///< It came from.
  std::chrono::steady_clock::time_point at{};
};

/// A telephone of plain UDP and RTP that keeps every byte it gets.
class RawPhone {
 public:
  explicit RawPhone(SimWorld& world)
      : world_{world}, sip_{bind(world)}, rtp_{bind(world)}, seen_{std::make_shared<Seen>()} {
    const std::uint16_t port = world.sim().addresses().sip_udp_port;
    boost::asio::co_spawn(world.context(), read_sip(&sip_, port, seen_), boost::asio::detached);
    boost::asio::co_spawn(world.context(), read_rtp(&rtp_, seen_), boost::asio::detached);
  }
  RawPhone(const RawPhone&) = delete;
  RawPhone& operator=(const RawPhone&) = delete;
  ~RawPhone() {
    sip_.close();
    rtp_.close();
    world_.pass(std::chrono::milliseconds{1});  // the reads end
  }

  /// Calls, has the call accepted, and waits for the 200 OK, which it returns.
  std::string call(const std::string& quirks) {
    invite(quirks);
    id = world_.take_call().call_id;
    accepted =
        world_.post(id, "accept", R"({"type":"realtime","model":"m","instructions":"i"})").status;
    std::string answer = wait_for("SIP/2.0 200 OK");
    send("ACK", 1, {}, {});
    return answer;
  }

  /// Calls, or calls again by the same INVITE.
  void invite(const std::string& quirks) {
    send("INVITE", 1, "X-Sim-Quirks: " + quirks + "\r\n" + more, offer());
  }
  /// Offers once more within the dialog, by INVITE or UPDATE, and waits for the response.
  void offer_again(const std::string& method) {
    const int sequence = ++sequence_;
    send(method, sequence, more, offer());
    const std::string wanted = "CSeq: " + std::to_string(sequence) + ' ' + method;
    world_.run_until([&] { return last().find(wanted) != std::string::npos; });
    if (method == "INVITE") {
      send("ACK", sequence, {}, {});
    }
  }
  /// Gives the call up and waits for what became of its INVITE.
  std::string cancel(std::string_view outcome = "SIP/2.0 487 ") {
    send("CANCEL", 1, {}, {});
    return wait_for(outcome);
  }
  /// What came before was seen by the sim, and answered where it is to be.
  void probe() {
    ask();
    static_cast<void>(wait_for("SIP/2.0 200 OK"));
  }
  /// Sends OPTIONS.
  void ask() { send("OPTIONS", 1, {}, {}); }

  /// The last message that begins like that, once there is one.
  std::string wait_for(std::string_view beginning) {
    const std::string* found = nullptr;
    world_.run_until([&] {
      for (const std::string& message : seen_->messages) {
        found = message.starts_with(beginning) ? &message : found;
      }
      return found != nullptr;
    });
    return *found;
  }

  /// The last message of all; empty when there is none.
  [[nodiscard]] std::string last() const {
    return seen_->messages.empty() ? std::string{} : seen_->messages.back();
  }
  /// Statuses of all responses and methods of all requests, in order: "100 200".
  [[nodiscard]] std::string statuses() const {
    std::string list;
    for (const std::string& message : seen_->messages) {
      const std::string_view line = message;
      list += list.empty() ? "" : " ";
      list += line.starts_with("SIP/2.0 ") ? line.substr(8, 3) : line.substr(0, line.find(' '));
    }
    return list;
  }
  [[nodiscard]] const std::vector<SeenPacket>& packets() const noexcept { return seen_->packets; }
  void wait_for_packets(std::size_t count) {
    world_.run_until([&] { return packets().size() >= count; });
  }

  std::string id;
  int accepted = 0;
  std::string contact_parameters{};
  std::string more{};  ///< Header lines of offers.
  std::string protocol = "RTP/AVP";
  std::string direction{};  ///< Of the media in offers, as "sendonly"; empty: not said.

 private:
  using Udp = boost::asio::ip::udp;
  struct Seen {
    std::vector<std::string> messages{};
    std::vector<SeenPacket> packets{};
  };

  static Udp::socket bind(SimWorld& world) {
    return Udp::socket{world.context(), {boost::asio::ip::make_address("127.0.0.1"), 0}};
  }

  [[nodiscard]] std::string offer() const {
    return "v=0\r\no=- 1 " + std::to_string(sequence_) +
           " IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio " +
           std::to_string(rtp_.local_endpoint().port()) + ' ' + protocol +
           " 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n" +
           (direction.empty() ? "" : "a=" + direction + "\r\n");
  }

  void send(const std::string& method,
            int sequence,
            const std::string& extra,
            const std::string& body) {
    const std::string own = "127.0.0.1:" + std::to_string(sip_.local_endpoint().port());
    const std::uint16_t port = world_.sim().addresses().sip_udp_port;
    const std::string target = "sip:proj_sim@127.0.0.1:" + std::to_string(port);
    std::string to = "<" + target + ">";
    for (const std::string& message : seen_->messages) {
      const auto tag = message.find("To: ");
      const bool within = method == "ACK" || sequence > 1;
      if (within && message.starts_with("SIP/2.0 200") && tag != std::string::npos) {
        to = message.substr(tag + 4, message.find('\r', tag) - tag - 4);
      }
    }
    const std::string text =
        method + " " + target + " SIP/2.0\r\nVia: SIP/2.0/UDP " + own + ";branch=z9hG4bK-raw-" +
        own + std::to_string(sequence) + (method == "CANCEL" ? "INVITE" : method) +
        ";rport\r\nMax-Forwards: 70\r\nFrom: <sip:raw@" + own + ">;tag=raw\r\nTo: " + to +
        "\r\nCall-ID: raw-" + own + "\r\nCSeq: " + std::to_string(sequence) + ' ' + method +
        "\r\nContact: <sip:raw@" + own + contact_parameters + ">\r\n" + extra +
        (body.empty() ? "" : "Content-Type: application/sdp\r\n") +
        "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    sip_.send_to(boost::asio::buffer(text),
                 Udp::endpoint{boost::asio::ip::make_address("127.0.0.1"), port});
  }

  /// What others send is not ours: sound of a call that ended elsewhere may still go to our port.
  static boost::asio::awaitable<void> read_sip(Udp::socket* socket,
                                               std::uint16_t sim_port,
                                               std::shared_ptr<Seen> seen) {
    std::array<char, 8'192> bytes{};
    Udp::endpoint from;
    for (;;) {
      const std::size_t size = co_await socket->async_receive_from(boost::asio::buffer(bytes), from,
                                                                   boost::asio::use_awaitable);
      if (from.port() == sim_port) {
        seen->messages.emplace_back(bytes.data(), size);
      }
    }
  }

  static boost::asio::awaitable<void> read_rtp(Udp::socket* socket, std::shared_ptr<Seen> seen) {
    std::array<std::uint8_t, 2'048> bytes{};
    Udp::endpoint from;
    for (;;) {
      const std::size_t size = co_await socket->async_receive_from(boost::asio::buffer(bytes), from,
                                                                   boost::asio::use_awaitable);
      if (size < 12) {
        continue;
      }
      SeenPacket packet;
      packet.sequence = static_cast<std::uint16_t>((bytes[2] << 8) | bytes[3]);
      for (std::size_t i = 8; i < 12; ++i) {
        packet.ssrc = (packet.ssrc << 8U) | bytes[i];
      }
      packet.port = from.port();
      packet.at = std::chrono::steady_clock::now();
      seen->packets.push_back(packet);
    }
  }

  SimWorld& world_;
  Udp::socket sip_;
  Udp::socket rtp_;
  std::shared_ptr<Seen> seen_;
  int sequence_ = 1;
};

/// A sim that phones without TLS reach.
inline SimConfig udp_config() {
  SimConfig config;
  config.sip_udp_port = 0;
  return config;
}

}  // namespace offhook::sim
