#include "net/http_message.hpp"

#include <doctest/doctest.h>

using offhook::net::HttpHeaders;
using offhook::net::HttpRequest;

TEST_SUITE("HTTP message") {
  TEST_CASE("finds header fields whatever their case, and the first of several") {
    HttpHeaders headers{{"Webhook-Id", "a"}, {"X-Empty", ""}};
    headers.add("webhook-id", "b");
    CHECK(headers.get("WEBHOOK-ID") == "a");
    CHECK(headers.has("x-empty"));
    CHECK(headers.get("x-empty").empty());
    CHECK(!headers.has("x-emp"));
    CHECK(headers.get("missing").empty());
  }

  TEST_CASE("splits the target into path and decoded query parameters") {
    HttpRequest request;
    request.target = "/v1/realtime?call_id=rtc_1%2F2&b=x+y&flag&call_id=later&%63=d&e=f=g";
    CHECK(request.path() == "/v1/realtime");
    CHECK(request.query("call_id") == "rtc_1/2");
    CHECK(request.query("b") == "x y");
    CHECK(request.query("c") == "d");
    CHECK(request.query("e") == "f=g");
    CHECK(request.query("flag").empty());
    CHECK(request.query("missing").empty());
    request.target = "/only";
    CHECK(request.path() == "/only");
    CHECK(request.query("a").empty());
  }
}
