// Requests as other phones send them, over UDP and TCP.
#include <array>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include "raw_peer.hpp"
#include "sip_fixture.hpp"

using offhook::sip::CallEvent;
using offhook::sip::MediaDirection;
using offhook::test::certificates;
using offhook::test::header_of;
using offhook::test::Phones;
using offhook::test::response_to;
using Kind = CallEvent::Kind;

namespace asio = boost::asio;
namespace sip = offhook::sip;
using asio::ip::udp;

namespace {

/// A phone on UDP that writes its messages by hand.
class UdpPhone {
 public:
  explicit UdpPhone(Phones& phones)
      : phones_{phones},
        socket_{phones.context, {asio::ip::make_address("127.0.0.1"), 0}},
        server_{asio::ip::make_address("127.0.0.1"), phones.server->udp_port()} {}

  void send(const std::string& text) { socket_.send_to(asio::buffer(text), server_); }

  /// A request outside or within the dialog, with `extra` header lines.
  [[nodiscard]] std::string request(const std::string& method,
                                    int sequence,
                                    const std::string& extra = "",
                                    const std::string& body = "") {
    const std::string port = std::to_string(socket_.local_endpoint().port());
    const std::string cseq = std::to_string(sequence);
    return method + " sip:proj_x@127.0.0.1 SIP/2.0\r\nv: SIP/2.0/UDP 127.0.0.1:" + port +
           ";branch=z9hG4bK" + method + cseq +
           "\r\nFrom: <sip:me@127.0.0.1>;tag=mine\r\nTo: " + to +
           "\r\nCall-ID: raw-1\r\nCSeq: " + cseq + ' ' + (method == "ACK" ? "ACK" : method) +
           "\r\nContact: <sip:me@127.0.0.1:" + port + ">\r\nMax-Forwards: 70\r\n" + extra +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  /// The next message that begins with `start`; others are dropped.
  [[nodiscard]] std::string receive(const std::string& start) {
    for (;;) {
      std::optional<std::string> text;
      socket_.async_receive(asio::buffer(buffer_),
                            [&](const boost::system::error_code&, std::size_t size) {
                              text = std::string{buffer_.data(), size};
                            });
      phones_.run_until([&] { return text.has_value(); });
      if (text->starts_with(start)) {
        return *text;
      }
    }
  }

  std::string to = "<sip:proj_x@127.0.0.1>";

 private:
  Phones& phones_;
  udp::socket socket_;
  udp::endpoint server_;
  std::array<char, 65'536> buffer_{};
};

const std::string sdp_type = "Content-Type: application/sdp\r\n";

std::string plain_offer() {
  return sip::make_offer(Phones::capabilities(40'000), sip::SdpProfile::avp).value().sdp;
}

/// INVITE, answer and ACK.
sip::IncomingCall establish(Phones& phones, UdpPhone& phone) {
  phone.send(phone.request("INVITE", 1, sdp_type, plain_offer()));
  auto callee = phones.take_incoming();
  Phones::answer(callee);
  const std::string ok = phone.receive("SIP/2.0 200");
  phone.to = header_of(ok, "To");
  phone.send(phone.request("ACK", 1));
  CHECK(phones.next(callee.call).kind == Kind::confirmed);
  return callee;
}

}  // namespace

TEST_SUITE_BEGIN("sip requests of other phones");

TEST_CASE("A phone on UDP can call and hang up") {
  Phones phones{certificates()};
  UdpPhone phone{phones};
  auto callee = establish(phones, phone);
  CHECK(callee.transport == "UDP");
  CHECK(callee.headers.front().name == "v");
  phone.send(phone.request("BYE", 2));
  CHECK(phone.receive("SIP/2.0 ").starts_with("SIP/2.0 200"));
  CHECK(phones.last(callee.call).reason == "BYE");
}

TEST_CASE("Our BYE reaches a phone on UDP at its Contact") {
  Phones phones{certificates()};
  UdpPhone phone{phones};
  auto callee = establish(phones, phone);
  callee.call.hang_up();
  const std::string bye = phone.receive("BYE ");
  CHECK(bye.find("SIP/2.0/UDP") != std::string::npos);
  phone.send(response_to(bye, "200 OK") + "Content-Length: 0\r\n\r\n");
}

TEST_CASE("A re-INVITE that holds is answered with what remains") {
  Phones phones{certificates()};
  UdpPhone phone{phones};
  auto callee = establish(phones, phone);
  phone.send(phone.request("INVITE", 2, sdp_type, plain_offer() + "a=inactive\r\n"));
  const std::string ok = phone.receive("SIP/2.0 200");
  CHECK(ok.find("a=inactive\r\n") != std::string::npos);
  const CallEvent held = phones.next(callee.call);
  CHECK(held.kind == Kind::media_offer);
  REQUIRE(held.media);
  CHECK(held.media->direction == MediaDirection::inactive);
  phone.send(phone.request("ACK", 2));
}

TEST_CASE("An UPDATE with an offer is answered, one without is acknowledged") {
  Phones phones{certificates()};
  UdpPhone phone{phones};
  auto callee = establish(phones, phone);
  phone.send(phone.request("UPDATE", 2, sdp_type, plain_offer()));
  CHECK(phone.receive("SIP/2.0 ").find("m=audio 50000 RTP/AVP 0 8 101\r\n") != std::string::npos);
  CHECK(phones.next(callee.call).kind == Kind::media_offer);
  phone.send(phone.request("UPDATE", 3, "Session-Expires: 1800;refresher=uac\r\n"));
  const std::string refreshed = phone.receive("SIP/2.0 ");
  CHECK(refreshed.starts_with("SIP/2.0 200"));
  CHECK(header_of(refreshed, "Session-Expires") == "1800;refresher=uac");
  phone.send(phone.request("UPDATE", 4, sdp_type, "v=0\r\nm=audio 1 RTP/AVP 99\r\n"));
  CHECK(phone.receive("SIP/2.0 ").starts_with("SIP/2.0 488"));
}

TEST_CASE("A re-INVITE without an offer gets one from us") {
  Phones phones{certificates()};
  UdpPhone phone{phones};
  auto callee = establish(phones, phone);
  phone.send(phone.request("INVITE", 2));
  const std::string ok = phone.receive("SIP/2.0 200");
  CHECK(ok.find("m=audio 50000 RTP/AVP 0 8 101\r\n") != std::string::npos);
  phone.send(phone.request("ACK", 2, sdp_type, plain_offer()));
  const CallEvent agreed = phones.next(callee.call);
  CHECK(agreed.kind == Kind::media_offer);
  REQUIRE(agreed.media);
  CHECK(agreed.media->remote_port == 40'000);
}

TEST_CASE("A re-INVITE that cannot be met is refused and changes nothing") {
  Phones phones{certificates()};
  UdpPhone phone{phones};
  auto callee = establish(phones, phone);
  phone.send(phone.request("INVITE", 2, sdp_type, "v=0\r\nm=audio 1 RTP/AVP 18\r\n"));
  CHECK(phone.receive("SIP/2.0 ").starts_with("SIP/2.0 488"));
  phone.send(phone.request("ACK", 2));
  phone.send(phone.request("BYE", 3));
  CHECK(phones.next(callee.call).kind == Kind::closed);
}

TEST_CASE("Requests outside a call are answered as they deserve") {
  Phones phones{certificates()};
  UdpPhone phone{phones};
  const std::string garbage = "\r\n\r\nnot SIP at all";
  phone.send(garbage);
  struct Case {
    const char* method;
    const char* extra;
    const char* status;
  };
  int sequence = 1;
  for (const Case& c :
       {Case{"OPTIONS", "", "200"}, Case{"MESSAGE", "", "405"}, Case{"UPDATE", "", "481"},
        Case{"NOTIFY", "", "481"}, Case{"CANCEL", "", "481"}, Case{"BYE", "", "481"},
        Case{"REFER", "Refer-To: <tel:1>\r\n", "405"}, Case{"DANCE", "", "501"},
        Case{"INVITE", "Require: 100rel\r\n", "420"}}) {
    CAPTURE(c.method);
    phone.send(phone.request(c.method, ++sequence, c.extra));
    const std::string response = phone.receive("SIP/2.0 ");
    CHECK(response.starts_with(std::string{"SIP/2.0 "} + c.status));
    if (std::string_view{c.status} == "420") {
      CHECK(header_of(response, "Unsupported") == "100rel");
    }
    if (std::string_view{c.status} == "200" || std::string_view{c.status} == "405" ||
        std::string_view{c.status} == "501") {
      CHECK(header_of(response, "Allow").starts_with("INVITE, ACK, BYE"));
    }
  }
  CHECK(phones.incoming.empty());
}

TEST_CASE("Requests within a call are answered as they deserve") {
  Phones phones{certificates()};
  UdpPhone phone{phones};
  auto callee = establish(phones, phone);
  phone.send(phone.request("INFO", 2, "Content-Type: application/dtmf-relay\r\n", "Signal=1"));
  CHECK(phone.receive("SIP/2.0 ").starts_with("SIP/2.0 200"));
  phone.send(phone.request("REFER", 3, "Refer-To: <sip:b@example.com>\r\n"));
  CHECK(phone.receive("SIP/2.0 ").starts_with("SIP/2.0 501"));
  const CallEvent asked = phones.next(callee.call);
  CHECK(asked.kind == Kind::refer);
  CHECK(asked.reason == "<sip:b@example.com>");
}

TEST_CASE("A transfer of ours is told from its acceptance to its outcome") {
  Phones phones{certificates()};
  UdpPhone phone{phones};
  auto callee = establish(phones, phone);
  callee.call.refer("<sip:agent@example.com>");
  const std::string refer = phone.receive("REFER ");
  CHECK(header_of(refer, "Refer-To") == "<sip:agent@example.com>");
  phone.send(response_to(refer, "202 Accepted") + "Content-Length: 0\r\n\r\n");
  const CallEvent accepted = phones.next(callee.call);
  CHECK(accepted.kind == Kind::referred);
  CHECK(accepted.status == 202);

  const std::string about = "Event: refer\r\nContent-Type: message/sipfrag\r\n";
  phone.send(phone.request("NOTIFY", 2, about, "SIP/2.0 100 Trying\r\n"));
  CHECK(phone.receive("SIP/2.0 ").starts_with("SIP/2.0 200"));
  phone.send(phone.request("NOTIFY", 3, about, "SIP/2.0 486 Busy Here"));
  CHECK(phone.receive("SIP/2.0 ").starts_with("SIP/2.0 200"));
  const CallEvent outcome = phones.next(callee.call);
  CHECK(outcome.kind == Kind::referred);
  CHECK(outcome.status == 486);
  CHECK(outcome.reason == "Busy Here");
}

TEST_CASE("An INVITE that comes twice is one call") {
  Phones phones{certificates()};
  UdpPhone phone{phones};
  const std::string invite = phone.request("INVITE", 1, sdp_type, plain_offer());
  phone.send(invite);
  auto callee = phones.take_incoming();
  CHECK(phone.receive("SIP/2.0 ").starts_with("SIP/2.0 100"));
  phone.send(invite);
  CHECK(phone.receive("SIP/2.0 ").starts_with("SIP/2.0 100"));
  CHECK(phones.incoming.empty());
  callee.call.reject(486, "Busy Here");
  CHECK(phone.receive("SIP/2.0 ").starts_with("SIP/2.0 486"));
  phone.send(phone.request("ACK", 1));
}

TEST_CASE("Closing ends at its limit though a caller never acknowledges") {
  Phones phones{certificates()};
  UdpPhone phone{phones};
  phone.send(phone.request("INVITE", 1, sdp_type, plain_offer()));
  auto callee = phones.take_incoming();
  Phones::answer(callee);
  const std::string ok = phone.receive("SIP/2.0 200");
  phones.run(phones.server->close(std::chrono::milliseconds{50}));
  CHECK(phones.last(callee.call).kind == Kind::closed);
}

TEST_CASE("A proxy that stays in the path gets our requests, addressed to the phone behind it") {
  Phones phones{certificates()};
  const asio::ip::tcp::endpoint any{asio::ip::make_address("127.0.0.1"), 0};
  asio::ip::tcp::acceptor proxy{phones.context, any};
  const std::string route =
      "<sip:127.0.0.1:" + std::to_string(proxy.local_endpoint().port()) + ";transport=tcp;lr>";
  asio::ip::tcp::socket caller{phones.context};
  caller.connect({any.address(), phones.server->udp_port()});
  const auto send = [&](const std::string& method, const std::string& to, const std::string& body) {
    const std::string text =
        method + " sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:1;branch=z9hG4bK" +
        method + "\r\nRecord-Route: " + route + "\r\nFrom: <sip:a@b>;tag=1\r\nTo: " + to +
        "\r\nCall-ID: t\r\nCSeq: 1 " + method + "\r\nContact: <sip:phone@192.0.2.7>\r\n" +
        "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    asio::write(caller, asio::buffer(text));
  };
  const auto receive = [&](asio::ip::tcp::socket& socket) {
    std::string text;
    bool done = false;
    asio::async_read_until(socket, asio::dynamic_buffer(text), "Content-Length",
                           [&](const boost::system::error_code&, std::size_t) { done = true; });
    phones.run_until([&] { return done; });
    return text;
  };
  send("INVITE", "<sip:x@127.0.0.1>", plain_offer());
  auto callee = phones.take_incoming();
  CHECK(receive(caller).starts_with("SIP/2.0 100"));
  Phones::answer(callee);
  send("ACK", header_of(receive(caller), "To"), "");
  CHECK(phones.next(callee.call).kind == Kind::confirmed);
  callee.call.hang_up();
  asio::ip::tcp::socket hop{phones.context};
  bool connected = false;
  proxy.async_accept(hop, [&](const boost::system::error_code&) { connected = true; });
  phones.run_until([&] { return connected; });
  const std::string bye = receive(hop);
  CHECK(bye.starts_with("BYE sip:phone@192.0.2.7 SIP/2.0\r\n"));
  CHECK(header_of(bye, "Route") == route);
}

TEST_CASE("A phone on TCP uses the same port") {
  Phones phones{certificates()};
  asio::ip::tcp::socket socket{phones.context};
  socket.connect({asio::ip::make_address("127.0.0.1"), phones.server->udp_port()});
  const std::string options =
      "OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:1;branch=z9hG4bKa\r\n"
      "From: <sip:a@b>;tag=1\r\nTo: <sip:x@127.0.0.1>\r\nCall-ID: t\r\nCSeq: 1 OPTIONS\r\n"
      "Content-Length: 0\r\n\r\n";
  asio::write(socket, asio::buffer(options));
  std::string response;
  bool answered = false;
  asio::async_read_until(socket, asio::dynamic_buffer(response), "\r\n\r\n",
                         [&](const boost::system::error_code&, std::size_t) { answered = true; });
  phones.run_until([&] { return answered; });
  CHECK(response.starts_with("SIP/2.0 200 OK\r\n"));
}

TEST_SUITE_END();
