#include <future>

#include <doctest/doctest.h>

#include "raw_peer.hpp"
#include "sip_fixture.hpp"

using offhook::Errc;
using offhook::sip::Call;
using offhook::sip::CallEvent;
using offhook::test::answer_call;
using offhook::test::certificates;
using offhook::test::header_of;
using offhook::test::openai_answer;
using offhook::test::openai_sdp;
using offhook::test::Phones;
using offhook::test::RawPeer;
using offhook::test::response_to;
using Kind = CallEvent::Kind;

namespace asio = boost::asio;
namespace sip = offhook::sip;

namespace {

/// Accepts, answers as OpenAI does, and returns the first lines of INVITE, ACK and BYE.
asio::awaitable<std::vector<std::string>> be_openai(RawPeer& peer, std::string contact) {
  co_await peer.accept();
  const std::string invite = co_await peer.receive();
  std::string trying = response_to(invite, "100 Trying") + "Content-Length: 0\r\n\r\n";
  co_await peer.send(std::move(trying));
  std::string answer = openai_answer(invite, contact);
  co_await peer.send(std::move(answer));
  const std::string ack = co_await peer.receive();
  const std::string bye = co_await peer.receive();
  std::string ok = response_to(bye, "200 OK") + "Content-Length: 0\r\n\r\n";
  co_await peer.send(std::move(ok));
  std::vector<std::string> lines;
  for (const std::string& message : {invite, ack, bye}) {
    lines.push_back(message.substr(0, message.find('\r')));
  }
  co_return lines;
}

/// A request of the answering side in the dialog of `ack`.
std::string from_callee(const RawPeer& peer,
                        const std::string& ack,
                        const std::string& method,
                        const std::string& body) {
  return method + " sip:offhook@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS " + peer.address() +
         ";branch=z9hG4bK" + method + "\r\nFrom: " + header_of(ack, "To") +
         "\r\nTo: " + header_of(ack, "From") + "\r\nCall-ID: " + header_of(ack, "Call-ID") +
         "\r\nCSeq: 7 " + method + "\r\nContact: <sip:moved@192.0.2.2:5061>\r\n" +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// Renews its Contact by a re-INVITE; returns the response.
asio::awaitable<std::string> move_contact(RawPeer& peer, std::string ack) {
  std::string again = from_callee(peer, ack, "INVITE", openai_sdp);
  co_await peer.send(std::move(again));
  std::string response = co_await peer.receive();
  std::string confirmed = from_callee(peer, ack, "ACK", "");
  co_await peer.send(std::move(confirmed));
  co_return response;
}

asio::awaitable<std::string> answer_bye(RawPeer& peer) {
  std::string bye = co_await peer.receive();
  std::string ok = response_to(bye, "200 OK") + "Content-Length: 0\r\n\r\n";
  co_await peer.send(std::move(ok));
  co_return bye;
}

/// Answers, and returns the first in-dialog or other request after the ACK.
asio::awaitable<std::string> answer_and_wait(RawPeer& peer) {
  co_await peer.accept();
  const std::string invite = co_await peer.receive();
  std::string answer = openai_answer(invite, "<sip:OAI@" + peer.address() + '>');
  co_await peer.send(std::move(answer));
  const std::string ack = co_await peer.receive();
  std::string request = co_await peer.receive();
  std::string refusal =
      response_to(request, "405 Method Not Allowed") + "Content-Length: 0\r\n\r\n";
  co_await peer.send(std::move(refusal));
  co_return request;
}

/// Sends 100 and closes the connection.
asio::awaitable<bool> try_and_drop(RawPeer& peer) {
  co_await peer.accept();
  const std::string invite = co_await peer.receive();
  std::string trying = response_to(invite, "100 Trying") + "Content-Length: 0\r\n\r\n";
  co_await peer.send(std::move(trying));
  peer.drop();
  co_return true;
}

asio::awaitable<std::string> refuse(RawPeer& peer) {
  co_await peer.accept();
  const std::string invite = co_await peer.receive();
  std::string refusal = response_to(invite, "400 Bad Request") +
                        "Reason: Q.850;cause=16;text=\"late\"\r\nWarning: 399 oai \"no accept\"\r\n"
                        "Content-Length: 0\r\n\r\n";
  co_await peer.send(std::move(refusal));
  std::string ack = co_await peer.receive();
  co_return ack;
}

/// The answer, hang-up, and the three messages as the peer saw them.
std::vector<std::string> call_openai(Phones& phones, RawPeer& peer, const std::string& contact) {
  std::vector<std::string> lines;
  asio::co_spawn(
      phones.context, be_openai(peer, contact),
      [&](const std::exception_ptr&, std::vector<std::string> seen) { lines = std::move(seen); });
  sip::InviteOptions options;
  options.target = "sip:proj_x@" + peer.address() + ";transport=tls";
  Call caller = phones.invite(std::move(options));
  CHECK(phones.next(caller, Kind::answered).sdp == openai_sdp);
  caller.hang_up();
  phones.run_until([&] { return !lines.empty(); });
  CHECK_FALSE(peer.second_connection());
  return lines;
}

}  // namespace

TEST_SUITE_BEGIN("sip answers seen in the field");

TEST_CASE("A 200 without Content-Type and transport keeps the call on its one TLS connection") {
  Phones phones{certificates()};
  RawPeer peer{phones.context, certificates()};
  const std::string uri = "sip:OAI@" + peer.address();
  CHECK(call_openai(phones, peer, '<' + uri + '>') ==
        std::vector<std::string>{"INVITE sip:proj_x@" + peer.address() + ";transport=tls SIP/2.0",
                                 "ACK " + uri + " SIP/2.0", "BYE " + uri + " SIP/2.0"});
}

TEST_CASE("Whatever its Contact says, a call stays on the connection that it was made on") {
  Phones phones{certificates()};
  for (const std::string contact :
       {"sip:OAI@sip.api.openai.com:5061", "sips:OAI@sip.api.openai.com", "sip:192.0.2.1",
        "sip:OAI@[2001:db8::1]:5061;transport=tcp"}) {
    CAPTURE(contact);
    RawPeer peer{phones.context, certificates()};
    const auto lines = call_openai(phones, peer, '<' + contact + '>');
    CHECK(lines[1] == "ACK " + contact + " SIP/2.0");
    CHECK(lines[2] == "BYE " + contact + " SIP/2.0");
  }
}

TEST_CASE("A re-INVITE is answered on the caller's side, and its Contact leads nowhere else") {
  Phones phones{certificates()};
  RawPeer peer{phones.context, certificates()};
  const auto offer = sip::make_offer(Phones::capabilities(40'000), sip::SdpProfile::avp).value();
  sip::InviteOptions options;
  options.target = "sip:proj_x@" + peer.address() + ";transport=tls";
  options.sdp = offer.sdp;
  Call caller = phones.invite(std::move(options));
  const std::string ack = phones.run(answer_call(peer));
  const auto media = sip::apply_answer(offer, phones.next(caller, Kind::answered).sdp).value();
  caller.set_media(Phones::capabilities(40'000), media);
  std::promise<void> media_is_set;
  REQUIRE(phones.loop->post([&] { media_is_set.set_value(); }));
  media_is_set.get_future().wait();

  const std::string response = phones.run(move_contact(peer, ack));
  CHECK(response.starts_with("SIP/2.0 200"));
  // The same session, one version further (RFC 3264 section 8).
  const std::string id = std::to_string(offer.capabilities.session_id);
  const std::string version = std::to_string(offer.capabilities.session_version + 1);
  CHECK(response.find("o=- " + id + ' ' + version + " IN IP4 127.0.0.1") != std::string::npos);
  CHECK(phones.next(caller, Kind::media_offer).media->remote_port == 43'955);
  caller.hang_up();
  const std::string bye = phones.run(answer_bye(peer));
  CHECK(bye.starts_with("BYE sip:moved@192.0.2.2:5061 SIP/2.0"));
  CHECK_FALSE(peer.second_connection());
}

TEST_CASE("Reason and Warning of a refusal are told") {
  Phones phones{certificates()};
  RawPeer peer{phones.context, certificates()};
  std::string ack;
  asio::co_spawn(phones.context, refuse(peer),
                 [&](const std::exception_ptr&, std::string seen) { ack = std::move(seen); });
  sip::InviteOptions options;
  options.target = "sip:proj_x@" + peer.address() + ";transport=tls";
  Call caller = phones.invite(std::move(options));
  const CallEvent failed = phones.last(caller);
  CHECK(failed.status == 400);
  CHECK(failed.reason ==
        "Bad Request (Reason: Q.850;cause=16;text=\"late\") (Warning: 399 oai \"no accept\")");
  phones.run_until([&] { return !ack.empty(); });
  CHECK(ack.starts_with("ACK "));
}

TEST_CASE("A connection that ends before the answer ends the call at once") {
  Phones phones{certificates()};
  RawPeer peer{phones.context, certificates()};
  asio::co_spawn(phones.context, try_and_drop(peer), [](const std::exception_ptr&, bool) {});
  sip::InviteOptions options;
  options.target = "sip:proj_x@" + peer.address() + ";transport=tls";
  Call caller = phones.invite(std::move(options));
  const CallEvent failed = phones.last(caller);
  CHECK(failed.kind == Kind::failed);
  REQUIRE(failed.error);
  CHECK(failed.error->code == Errc::peer_closed);
}

TEST_CASE("OPTIONS keeps the connection of a call alive, and may be refused") {
  Phones phones{certificates()};
  RawPeer peer{phones.context, certificates()};
  sip::TlsClientConfig config;
  config.server_name = "localhost";
  config.ca_file = certificates().ca_file();
  config.keep_alive_interval = std::chrono::milliseconds{50};
  phones.client =
      sip::Endpoint::start_client(*phones.loop, phones.context.get_executor(), config).value();
  std::string request;
  asio::co_spawn(phones.context, answer_and_wait(peer),
                 [&](const std::exception_ptr&, std::string seen) { request = std::move(seen); });
  sip::InviteOptions options;
  options.target = "sip:proj_x@" + peer.address() + ";transport=tls";
  Call caller = phones.invite(std::move(options));
  CHECK(phones.next(caller, Kind::answered).status == 200);
  phones.run_until([&] { return !request.empty(); });
  CHECK(request.starts_with("OPTIONS sip:proj_x@" + peer.address() + ";transport=tls SIP/2.0\r\n"));
  caller.hang_up();
  CHECK(phones.last(caller).reason == "hung up here");
}

TEST_CASE("A server can leave Content-Type out, and our client does not mind") {
  sip::ServerQuirks quirks;
  quirks.omit_content_type = true;
  Phones phones{certificates(), quirks};
  const auto offer = Phones::offer();
  sip::InviteOptions options;
  options.sdp = offer.sdp;
  Call caller = phones.invite(std::move(options));
  auto callee = phones.take_incoming();
  Phones::answer(callee);
  const CallEvent answered = phones.next(caller, Kind::answered);
  CHECK(sip::apply_answer(offer, answered.sdp));
  CHECK(phones.next(callee.call).kind == Kind::confirmed);
}

TEST_SUITE_END();
