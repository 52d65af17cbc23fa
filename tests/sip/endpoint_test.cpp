#include <boost/asio/ip/tcp.hpp>
#include <doctest/doctest.h>

#include "base/race.hpp"
#include "sip_fixture.hpp"

using namespace std::chrono_literals;
using offhook::Errc;
using offhook::sip::Call;
using offhook::sip::CallEvent;
using offhook::test::certificates;
using offhook::test::Phones;
using Kind = CallEvent::Kind;

namespace asio = boost::asio;
namespace sip = offhook::sip;

namespace {

CallEvent failure_of(Phones& phones, const std::string& target) {
  sip::InviteOptions options;
  options.target = target;
  Call caller = phones.invite(std::move(options));
  return phones.last(caller);
}

asio::awaitable<offhook::Result<CallEvent>> event_of(Call& call) {
  CallEvent event = co_await call.next_event();
  co_return event;
}

}  // namespace

TEST_SUITE_BEGIN("sip endpoint");

TEST_CASE("A name that does not resolve is not found") {
  Phones phones{certificates()};
  const CallEvent failed = failure_of(phones, "sip:p@no-such-host..invalid;transport=tls");
  CHECK(failed.kind == Kind::failed);
  REQUIRE(failed.error);
  CHECK(failed.error->code == Errc::not_found);
  CHECK(failed.error->detail.starts_with("sip: cannot resolve no-such-host..invalid"));
  CHECK(failed.error->detail.ends_with("check --sip-target"));
}

TEST_CASE("A name of the hosts file resolves") {
  Phones phones{certificates()};
  sip::InviteOptions options;
  options.target = phones.target("LocalHost");
  Call caller = phones.invite(std::move(options));
  auto callee = phones.take_incoming();
  Phones::answer(callee);
  CHECK(phones.next(caller, Kind::answered).status == 200);
  caller.hang_up();
  CHECK(phones.last(callee.call).reason == "BYE");
}

TEST_CASE("A port where nobody listens is unreachable") {
  Phones phones{certificates()};
  asio::ip::tcp::acceptor probe{phones.context, {asio::ip::make_address("127.0.0.1"), 0}};
  const std::string port = std::to_string(probe.local_endpoint().port());
  probe.close();
  const CallEvent failed = failure_of(phones, "sip:p@127.0.0.1:" + port + ";transport=tls");
  CHECK(failed.kind == Kind::failed);
  REQUIRE(failed.error);
  CHECK(failed.error->code == Errc::unreachable);
  CHECK(failed.error->detail.find("127.0.0.1:" + port) != std::string::npos);
  CHECK(failed.error->detail.find("refused") != std::string::npos);
}

TEST_CASE("Targets that are no SIP over TLS address are refused") {
  Phones phones{certificates()};
  for (const char* target :
       {"", "proj_x", "mailto:a@b", "sip:", "sip:a b@host", "sip:p@host;transport=udp",
        "sip:p@host\r\nX: 1", "sip:p@host;transport=tls>"}) {
    CAPTURE(target);
    const std::string text{target};
    const CallEvent failed = failure_of(phones, text.empty() ? " " : text);
    CHECK(failed.kind == Kind::failed);
    REQUIRE(failed.error);
    CHECK(failed.error->code == Errc::invalid_argument);
  }
}

TEST_CASE("Closing says goodbye to every call and waits for it") {
  Phones phones{certificates()};
  Call caller = phones.invite();
  auto callee = phones.take_incoming();
  Phones::answer(callee);
  CHECK(phones.next(caller, Kind::answered).status == 200);
  Call pending = phones.invite();
  auto undecided = phones.take_incoming();
  CHECK(phones.next(pending, Kind::progress).status == 100);

  phones.run(phones.client->close(10s));
  CHECK(phones.last(caller).kind == Kind::closed);
  CHECK(phones.last(pending).kind == Kind::failed);
  CHECK(phones.last(callee.call).reason == "BYE");
  CHECK(phones.last(undecided.call).reason == "CANCEL");

  Call late = phones.invite();
  CHECK(phones.last(late).kind == Kind::failed);
}

TEST_CASE("Closing a server refuses what it had not decided") {
  Phones phones{certificates()};
  Call caller = phones.invite();
  const auto undecided = phones.take_incoming();
  phones.run(phones.server->close(10s));
  CHECK(phones.last(caller).status == 503);
}

TEST_CASE("Endpoints and their loop can go while calls are up") {
  Phones phones{certificates()};
  Call caller = phones.invite();
  auto callee = phones.take_incoming();
  Phones::answer(callee);
  CHECK(phones.next(caller, Kind::answered).status == 200);
  Call pending = phones.invite();
  const auto undecided = phones.take_incoming();
  phones.client.reset();
  phones.server.reset();
  phones.loop.reset();
  caller.hang_up();
  pending.hang_up();
}

TEST_CASE("The loop may go before its endpoints") {
  Phones phones{certificates()};
  Call caller = phones.invite();
  auto callee = phones.take_incoming();
  Phones::answer(callee);
  CHECK(phones.next(caller, Kind::answered).status == 200);
  phones.loop.reset();
  Call late = phones.invite();
  CHECK(phones.last(late).kind == Kind::failed);
}

TEST_CASE("A call can be given up at once") {
  Phones phones{certificates()};
  for (const char* target :
       {"sip:p@localhost:9;transport=tls", "sip:p@127.0.0.1:9;transport=tls"}) {
    sip::InviteOptions options;
    options.target = target;
    Call caller = phones.invite(std::move(options));
    caller.hang_up();
    CHECK(phones.last(caller).kind == Kind::failed);
  }
  for (int i = 0; i < 20; ++i) {
    const Call dropped = phones.invite();
  }
  phones.run(phones.client->close(10s));
}

TEST_CASE("Waiting for an event can be given up without losing one") {
  Phones phones{certificates()};
  Call caller = phones.invite();
  auto callee = phones.take_incoming();
  CHECK(phones.next(caller, Kind::progress).status == 100);
  const auto nothing = phones.run(offhook::with_timeout(event_of(caller), 20ms));
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().code == Errc::timed_out);
  callee.call.ring();
  CHECK(phones.next(caller).status == 180);
}

TEST_CASE("A server says why it cannot start") {
  Phones phones{certificates()};
  const auto start = [&](sip::ServerConfig config) {
    return sip::Endpoint::start_server(*phones.loop, phones.context.get_executor(),
                                       std::move(config), {}, [](sip::IncomingCall) {});
  };
  sip::ServerConfig taken;
  taken.udp_port = phones.server->udp_port();
  sip::ServerConfig no_certificate;
  no_certificate.tls_port = 0;
  no_certificate.tls_cert_file = "/nonexistent.pem";
  sip::ServerConfig no_address;
  no_address.bind_address = "nowhere";
  no_address.udp_port = 0;
  for (const auto& config : {taken, no_certificate, no_address}) {
    const auto failed = start(config);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == Errc::invalid_argument);
    CHECK(failed.error().detail.starts_with("sip: "));
  }
}

TEST_CASE("The local address towards loopback is loopback") {
  Phones phones{certificates()};
  const auto local = phones.run(sip::local_address_towards("localhost", 5061));
  REQUIRE(local);
  CHECK(*local == "127.0.0.1");
  const auto unknown = phones.run(sip::local_address_towards("no-such-host..invalid", 5061));
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == Errc::not_found);
}

TEST_SUITE_END();
