#include <algorithm>

#include <doctest/doctest.h>

#include "sip_fixture.hpp"

using namespace std::chrono_literals;
using offhook::Errc;
using offhook::sip::Call;
using offhook::sip::CallEvent;
using offhook::sip::SipHeader;
using offhook::test::certificates;
using offhook::test::Phones;
using Kind = CallEvent::Kind;

namespace sip = offhook::sip;

TEST_SUITE_BEGIN("sip calls");

TEST_CASE("A call is sent, pending, answered, confirmed and ended by the caller") {
  Phones phones{certificates()};
  const auto offer = Phones::offer();
  sip::InviteOptions options;
  options.sdp = offer.sdp;
  Call caller = phones.invite(std::move(options));

  CHECK(phones.next(caller).kind == Kind::sent);
  const CallEvent trying = phones.next(caller);
  CHECK(trying.kind == Kind::progress);
  CHECK(trying.status == 100);

  auto callee = phones.take_incoming();
  CHECK(callee.request_user == "proj_x");
  CHECK(callee.transport == "TLS");
  CHECK(callee.sdp == offer.sdp);
  CHECK(callee.call.call_id() == caller.call_id());

  const auto theirs = Phones::answer(callee);
  const CallEvent answered = phones.next(caller, Kind::answered);
  CHECK(answered.status == 200);
  const auto ours = sip::apply_answer(offer, answered.sdp).value();
  CHECK(ours.remote_port == 50'000);
  CHECK(ours.srtp_remote == theirs.srtp_local);
  CHECK(ours.srtp_local == theirs.srtp_remote);
  CHECK(phones.next(callee.call).kind == Kind::confirmed);

  caller.hang_up();
  CHECK(phones.next(caller).kind == Kind::closed);
  const CallEvent bye = phones.next(callee.call);
  CHECK(bye.kind == Kind::closed);
  CHECK(bye.status == 0);
  CHECK_FALSE(bye.error);
}

TEST_CASE("The called side can hang up, on the caller's own connection") {
  Phones phones{certificates()};
  Call caller = phones.invite();
  auto callee = phones.take_incoming();
  Phones::answer(callee);
  CHECK(phones.next(caller, Kind::answered).status == 200);
  CHECK(phones.next(callee.call).kind == Kind::confirmed);
  // The caller accepts no connections (it has no certificate), so a BYE can only come on its own.
  callee.call.hang_up();
  const CallEvent closed = phones.next(caller);
  CHECK(closed.kind == Kind::closed);
  CHECK(closed.reason == "BYE");
  CHECK_FALSE(closed.error);
}

TEST_CASE("After the last event there are no more") {
  Phones phones{certificates()};
  Call caller = phones.invite();
  auto callee = phones.take_incoming();
  callee.call.reject(486, "Busy Here");
  CHECK(phones.last(caller).kind == Kind::failed);
  CHECK(phones.next(caller).kind == Kind::closed);
  CHECK(phones.next(caller).kind == Kind::closed);
}

TEST_CASE("A refusal carries its status and reason") {
  Phones phones{certificates()};
  for (const int status : {300, 404, 486, 503, 603, 699}) {
    CAPTURE(status);
    if (status == 300) {
      continue;  // a redirection is followed, not reported
    }
    Call caller = phones.invite();
    auto callee = phones.take_incoming();
    callee.call.reject(status, "Not\r\nToday: 1");
    const CallEvent failed = phones.last(caller);
    CHECK(failed.kind == Kind::failed);
    CHECK(failed.status == status);
    CHECK(failed.reason == "Not Today: 1");
    REQUIRE(failed.error);
    CHECK(failed.error->code == Errc::refused);
    CHECK(failed.error->status == status);
    CHECK(phones.last(callee.call).status == status);
  }
}

TEST_CASE("Ringing is reported only when the called side rings") {
  Phones phones{certificates()};
  Call caller = phones.invite();
  auto callee = phones.take_incoming();
  CHECK(phones.next(caller, Kind::progress).status == 100);
  callee.call.ring();
  CHECK(phones.next(caller, Kind::progress).status == 180);
  Phones::answer(callee);
  CHECK(phones.next(caller).kind == Kind::answered);
}

TEST_CASE("Hanging up before the answer cancels the call on both sides") {
  Phones phones{certificates()};
  Call caller = phones.invite();
  auto callee = phones.take_incoming();
  CHECK(phones.next(caller, Kind::progress).status == 100);
  caller.hang_up();
  const CallEvent failed = phones.last(caller);
  CHECK(failed.kind == Kind::failed);
  REQUIRE(failed.error);
  const CallEvent cancelled = phones.last(callee.call);
  CHECK(cancelled.kind == Kind::closed);
  CHECK(cancelled.reason == "CANCEL");
  CHECK(cancelled.status == 0);
  callee.call.answer("v=0\r\n", {}, {});  // too late; must do no harm
}

TEST_CASE("Letting go of a call ends it as its state asks for") {
  Phones phones{certificates()};
  {
    auto caller = std::make_unique<Call>(phones.invite());
    auto callee = phones.take_incoming();
    CHECK(phones.next(*caller, Kind::progress).status == 100);
    caller.reset();
    CHECK(phones.last(callee.call).reason == "CANCEL");
  }
  {
    Call caller = phones.invite();
    { const auto callee = phones.take_incoming(); }
    CHECK(phones.last(caller).status == 603);
  }
  {
    Call caller = phones.invite();
    {
      auto callee = phones.take_incoming();
      Phones::answer(callee);
      CHECK(phones.next(caller, Kind::answered).status == 200);
      CHECK(phones.next(callee.call).kind == Kind::confirmed);
    }
    CHECK(phones.last(caller).reason == "BYE");
  }
}

TEST_CASE("Headers arrive in wire order, spelled as they were, duplicates included") {
  Phones phones{certificates()};
  sip::InviteOptions options;
  options.from_user = "+49 30";
  options.headers = {{"X-Offhook-Call", "call_1"},
                     {"x-lower", "a, b"},
                     {"X-Offhook-Call", "call_2\r\nX-Smuggled: 1"},
                     {"Diversion", "<sip:1@example.com>;reason=no-answer"}};
  Call caller = phones.invite(std::move(options));
  const auto callee = phones.take_incoming();
  std::vector<std::string> names;
  for (const SipHeader& header : callee.headers) {
    names.push_back(header.name);
  }
  CHECK(names == std::vector<std::string>{"Via", "Contact", "Max-Forwards", "To", "From", "Call-ID",
                                          "CSeq", "User-Agent", "Allow", "X-Offhook-Call",
                                          "x-lower", "X-Offhook-Call", "Diversion", "Content-Type",
                                          "Content-Length"});
  CHECK(callee.headers[9].value == "call_1");
  CHECK(callee.headers[10].value == "a, b");
  CHECK(callee.headers[11].value == "call_2 X-Smuggled: 1");
  CHECK(callee.headers[4].value.starts_with("<sip:+49%2030@127.0.0.1>;tag="));
}

TEST_CASE("A header field whose name is no token is refused before anything is sent") {
  Phones phones{certificates()};
  sip::InviteOptions options;
  options.headers = {{"X Y", "1"}};
  Call caller = phones.invite(std::move(options));
  const CallEvent failed = phones.next(caller);
  CHECK(failed.kind == Kind::failed);
  CHECK(failed.error->code == Errc::invalid_argument);
}

TEST_CASE("Many calls at once share one connection") {
  Phones phones{certificates()};
  constexpr std::size_t count = 50;
  std::vector<Call> callers;
  std::vector<sip::IncomingCall> callees;
  for (std::size_t i = 0; i < count; ++i) {
    callers.push_back(phones.invite());
  }
  std::vector<std::string> flows;
  for (std::size_t i = 0; i < count; ++i) {
    callees.push_back(phones.take_incoming());
    Phones::answer(callees.back());
    flows.push_back(callees.back().headers.front().value.substr(0, 32));
  }
  for (Call& caller : callers) {
    CHECK(phones.next(caller, Kind::answered).status == 200);
    caller.hang_up();
  }
  for (auto& callee : callees) {
    CHECK(phones.next(callee.call, Kind::closed).reason == "BYE");
  }
}

TEST_CASE("REFER reports the response and leaves the call up") {
  Phones phones{certificates()};
  Call caller = phones.invite();
  auto callee = phones.take_incoming();
  Phones::answer(callee);
  CHECK(phones.next(caller, Kind::answered).status == 200);
  CHECK(phones.next(callee.call).kind == Kind::confirmed);

  callee.call.refer("<tel:+4930>");
  const CallEvent asked = phones.next(caller);
  CHECK(asked.kind == Kind::refer);
  CHECK(asked.reason == "<tel:+4930>");
  const CallEvent referred = phones.next(callee.call);
  CHECK(referred.kind == Kind::referred);
  CHECK(referred.status == 501);

  caller.hang_up();
  CHECK(phones.last(callee.call).reason == "BYE");
}

TEST_SUITE_END();
