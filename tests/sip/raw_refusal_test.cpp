// What callers are told whose datagrams are no messages.
#include "sip/raw_refusal.hpp"

#include <string>

#include <doctest/doctest.h>

using offhook::sip::quotes_are_closed;
using offhook::sip::refuse_unreadable;
using offhook::sip::scheme_of;

namespace {

const std::string rest =
    "\r\nv: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\nVia: SIP/2.0/TLS b\r\nf: <sip:a@b>;tag=1\r\n"
    "To: <sip:c@d>\r\ni: x\r\nX-Other: 1\r\nCSeq: 7\r\n OPTIONS\r\n\r\nVia: of the body\r\n";

std::string answer(const std::string& start) {
  return refuse_unreadable(start + rest, {"127.0.0.1", 5'070}).value_or("silence");
}

}  // namespace

TEST_SUITE_BEGIN("datagrams that are no SIP messages");

TEST_CASE("The answer says what is wrong with the first line") {
  CHECK(answer("OPTIONS sip:a@b SIP/7.0").starts_with("SIP/2.0 505 Version Not Supported\r\n"));
  CHECK(answer("OPTIONS odd:stuff SIP/2.0").starts_with("SIP/2.0 416 Unsupported URI Scheme\r\n"));
  for (const char* start :
       {"OPTIONS  sip:a@b SIP/2.0", "OPTIONS sip:a@b SIP/2.0 ", "OPTIONS sip:a@b",
        "OPTIONS sip:a@b; lr SIP/2.0", "OPTIONS <sip:a@b> SIP/2.0", "OPTIONS sip:a@b HTTP/1.1"}) {
    CAPTURE(start);
    CHECK(answer(start).starts_with("SIP/2.0 400 Bad Request\r\n"));
  }
}

TEST_CASE("The answer finds its way back and is tagged") {
  CHECK(answer("OPTIONS sip:a@b") ==
        "SIP/2.0 400 Bad Request\r\n"
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa;received=127.0.0.1;rport=5070\r\n"
        "Via: SIP/2.0/TLS b\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=unreadable\r\n"
        "Call-ID: x\r\nCSeq: 7 OPTIONS\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("Responses, ACK, noise and what has no Via stay without an answer") {
  CHECK(answer("SIP/2.0 0 what") == "silence");
  CHECK(answer("ACK  sip:a@b SIP/2.0") == "silence");
  CHECK(answer("\x16\x03\x01") == "silence");
  CHECK_FALSE(
      refuse_unreadable("OPTIONS x\r\nVia: \r\nVia: SIP/2.0/UDP b\r\n\r\n", {"127.0.0.1", 1}));
  CHECK_FALSE(refuse_unreadable("OPTIONS x\r\nTo: a\r\n\r\n", {"127.0.0.1", 1}));
  CHECK_FALSE(refuse_unreadable("", {"127.0.0.1", 1}));
}

TEST_CASE("Schemes and quoted strings are read as RFC 3261 writes them") {
  CHECK(scheme_of("sip:a@b") == "sip");
  CHECK(scheme_of("soap.beep://x") == "soap.beep");
  CHECK(scheme_of("<sip:a@b>").empty());
  CHECK(scheme_of("user@host").empty());
  CHECK(quotes_are_closed(R"("a \" b" <sip:c@d>)"));
  CHECK_FALSE(quotes_are_closed(R"("a <sip:c@d>)"));
}

TEST_SUITE_END();
