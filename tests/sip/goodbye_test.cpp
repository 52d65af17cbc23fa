// How a call ends when nobody answers any more, or somebody does.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
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
using offhook::test::Phones;
using offhook::test::RawPeer;
using offhook::test::response_to;
using Kind = CallEvent::Kind;

namespace asio = boost::asio;
namespace sip = offhook::sip;
using namespace std::chrono_literals;

namespace {

/// A call of ours that `peer` has answered.
struct AnsweredCall {
  explicit AnsweredCall(std::chrono::milliseconds keep_alive = 30s) {
    sip::TlsClientConfig config;
    config.server_name = "localhost";
    config.ca_file = certificates().ca_file();
    config.keep_alive_interval = keep_alive;
    phones.client =
        sip::Endpoint::start_client(*phones.loop, phones.context.get_executor(), config).value();
    sip::InviteOptions options;
    options.target = "sip:proj_x@" + peer.address() + ";transport=tls";
    call.emplace(phones.invite(std::move(options)));
    const std::string ack = phones.run(answer_call(peer));
    REQUIRE(ack.starts_with("ACK "));
    REQUIRE(phones.next(*call, Kind::answered).status == 200);
  }

  /// Hangs up, and returns the BYE as the peer got it.
  std::string hang_up() {
    call->hang_up();
    return phones.run(peer.receive());
  }

  void respond(const std::string& request, const std::string& status) {
    asio::co_spawn(phones.context,
                   peer.send(response_to(request, status) + "Content-Length: 0\r\n\r\n"),
                   asio::detached);
  }

  Phones phones{certificates()};
  RawPeer peer{phones.context, certificates()};
  std::string peer_name = peer.address();
  std::optional<Call> call;
};

/// The first message on a second connection.
asio::awaitable<std::string> accept_again(RawPeer& peer) {
  co_await peer.accept();
  std::string request = co_await peer.receive();
  co_return request;
}

asio::awaitable<void> refuse_rudely(RawPeer& peer) {
  co_await peer.accept();
  const std::string invite = co_await peer.receive();
  std::string refusal =
      response_to(invite, "486 No\x1b[31m" + std::string(2'000, 'x')) + "Content-Length: 0\r\n\r\n";
  co_await peer.send(std::move(refusal));
}

}  // namespace

TEST_SUITE_BEGIN("goodbye");

TEST_CASE("A BYE that is answered, even with an error, ends the call well") {
  for (const char* status : {"200 OK", "481 Call/Transaction Does Not Exist"}) {
    CAPTURE(status);
    AnsweredCall world;
    const std::string bye = world.hang_up();
    CHECK(bye.starts_with("BYE "));
    world.respond(bye, status);
    const CallEvent closed = world.phones.next(*world.call);
    CHECK(closed.kind == Kind::closed);
    CHECK_FALSE(closed.error);
  }
}

TEST_CASE("A BYE that nobody answers is told when closing gives up") {
  AnsweredCall world;
  const std::string bye = world.hang_up();
  CHECK(bye.starts_with("BYE "));
  world.phones.run(world.phones.client->close(50ms));
  const CallEvent closed = world.phones.next(*world.call);
  CHECK(closed.kind == Kind::closed);
  REQUIRE(closed.error);
  CHECK(closed.error->code == Errc::timed_out);
  CHECK(closed.error->detail == "sip: BYE was not answered");
}

TEST_CASE("A BYE on a connection that ends without an answer is told at once") {
  AnsweredCall world;
  const std::string bye = world.hang_up();
  world.peer.stop_listening();
  world.peer.drop();
  const CallEvent closed = world.phones.next(*world.call);
  CHECK(closed.kind == Kind::closed);
  REQUIRE(closed.error);
  CHECK(closed.error->code == Errc::unreachable);
  CHECK(closed.error->detail == "sip: BYE was not answered");
}

TEST_CASE("The called side learns whether its BYE was answered as well") {
  Phones phones{certificates()};
  Call caller = phones.invite();
  auto callee = phones.take_incoming();
  Phones::answer(callee);
  CHECK(phones.next(callee.call).kind == Kind::confirmed);
  callee.call.hang_up();
  const CallEvent closed = phones.next(callee.call);
  CHECK(closed.kind == Kind::closed);
  CHECK_FALSE(closed.error);
}

TEST_CASE("A call ends when its connection is lost and cannot be opened again") {
  AnsweredCall world{50ms};
  world.peer.stop_listening();
  world.peer.drop();
  const CallEvent closed = world.phones.next(*world.call);
  CHECK(closed.kind == Kind::closed);
  REQUIRE(closed.error);
  CHECK(closed.error->code == Errc::unreachable);
  CHECK(closed.error->detail == "sip: the connection to " + world.peer_name + " is lost");
}

TEST_CASE("A call goes on when its lost connection can be opened again") {
  AnsweredCall world;
  world.peer.drop();
  world.peer.renew();
  const std::string options = world.phones.run(accept_again(world.peer));
  CHECK(options.starts_with("OPTIONS "));
  world.respond(options, "405 Method Not Allowed");
  const std::string bye = world.hang_up();
  CHECK(bye.starts_with("BYE "));
  world.respond(bye, "200 OK");
  CHECK_FALSE(world.phones.next(*world.call).error);
}

TEST_CASE("What a peer says as a reason is one bounded line of text") {
  Phones phones{certificates()};
  RawPeer peer{phones.context, certificates()};
  sip::InviteOptions options;
  options.target = "sip:proj_x@" + peer.address() + ";transport=tls";
  Call caller = phones.invite(std::move(options));
  asio::co_spawn(phones.context, refuse_rudely(peer), asio::detached);
  const CallEvent failed = phones.next(caller);
  REQUIRE(failed.kind == Kind::sent);
  const CallEvent refused = phones.next(caller);
  CHECK(refused.kind == Kind::failed);
  CHECK(refused.status == 486);
  CHECK(refused.reason.size() < 310);
  CHECK(refused.reason.starts_with("No [31mxx"));
  CHECK(refused.error->detail.find('\x1b') == std::string::npos);
}

TEST_SUITE_END();
