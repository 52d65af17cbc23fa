#include "agent/routing.hpp"

#include <doctest/doctest.h>

using namespace offhook::agent;
using Headers = std::vector<offhook::openai::SipHeaderField>;

TEST_SUITE("number of a header") {
  TEST_CASE("is that of the URI in all its forms") {
    for (const char* const value : {
             "<sip:+14155550123@carrier.example>;tag=99887766",
             "sip:+14155550123@carrier.example;tag=99887766",
             "\"Ann \\\" Lee\" <sip:+14155550123@carrier.example;user=phone>;tag=1",
             "Ann Lee <sips:+14155550123@carrier.example:5061>",
             "<tel:+1-415-555-0123;phone-context=example.com>",
             "<TEL:+1(415)555.0123>",
             "<sip:%2B14155550123@carrier.example>",
             "<sip:+14155550123;npdi;rn=+1999@carrier.example>",
             "<sip:+14155550123:password@carrier.example>",
             " +1 415 555 0123 ",
             "<sip:+14155550123@a.example>;reason=busy, <sip:+19@b.example>",
         }) {
      CAPTURE(value);
      CHECK(number_of_header(value) == "+14155550123");
    }
    CHECK(number_of_header("<sip:alice@example.com>") == "alice");
    CHECK(number_of_header("<sip:anonymous@anonymous.invalid>") == "anonymous");
  }

  TEST_CASE("cannot be smuggled in by display name, parameters or host") {
    for (const char* const value : {
             "\"<sip:+14155550123@x>\" <sip:mallory@evil.example>;tag=+14155550123",
             "\"+14155550123\" <sip:mallory@evil.example;x=+14155550123>",
             "<sip:mallory@14155550123>",
             "<sip:mallory@evil.example>;+14155550123",
             "mallory <sip:mallory@evil.example> <sip:+14155550123@x>",
         }) {
      CAPTURE(value);
      CHECK(number_of_header(value) == "mallory");
    }
  }

  TEST_CASE("is empty where nobody can be sure") {
    for (const char* const value : {
             "",
             "<>",
             "<sip:example.com>",
             "<mailto:+14155550123@x>",
             "\"open <sip:+1@x>",
             "<sip:+14155550123@x",
             "sip:+1415@x <sip:mallory@x>",
             "<sip:+14155550123@a@evil>",
             "Ann",
             "https://+14155550123/",
             "x +14155550123",
         }) {
      CAPTURE(value);
      CHECK(number_of_header(value).empty());
    }
  }
}

TEST_SUITE("call parties") {
  TEST_CASE("come from the first header that has a number") {
    const Headers headers{{"From", "<sip:+1@x>;tag=a"},
                          {"To", "<sip:proj_abc@sip.api.openai.com>"},
                          {"diversion", "<sip:+2@x>;reason=unconditional"},
                          {"P-Asserted-Identity", "<sip:+3@x>"}};
    const CallParties parties = call_parties(headers, {});
    CHECK(parties.called == "+2");
    CHECK(parties.caller == "+3");
    const CallParties own = call_parties(headers, {{"X-None", "To"}, {"From"}});
    CHECK(own.called == "proj_abc");
    CHECK(own.caller == "+1");
    CHECK(call_parties({}, {}).caller.empty());
  }
}

TEST_SUITE("patterns") {
  TEST_CASE("know * and ?") {
    CHECK(pattern_fits("+1415*", "+14155550123"));
    CHECK(pattern_fits("*", ""));
    CHECK(pattern_fits("", ""));
    CHECK(pattern_fits("*0123", "+14155550123"));
    CHECK(pattern_fits("+1*55*3", "+14155550123"));
    CHECK(pattern_fits("a?c", "abc"));
    CHECK_FALSE(pattern_fits("+1415*", "+1416"));
    CHECK_FALSE(pattern_fits("", "x"));
    CHECK_FALSE(pattern_fits("a?c", "ac"));
    CHECK_FALSE(pattern_fits("+1415", "+14155550123"));
  }

  TEST_CASE("take no time that grows with their stars") {
    std::string pattern;
    for (int i = 0; i < 50; ++i) {
      pattern += "*a";
    }
    CHECK_FALSE(pattern_fits(pattern + "b", std::string(2'000, 'a')));
  }
}

TEST_SUITE("routing") {
  TEST_CASE("the first rule whose conditions all hold decides") {
    std::vector<RouteRule> rules(4);
    rules[0].caller = {"+666*"};
    rules[0].reject_code = 603;
    rules[1].called = {"+1*", "+2*"};
    rules[1].headers = {{"X-Tenant", "acme*"}};
    rules[1].agent = "acme";
    rules[2].called = {"+1*"};
    rules[2].agent = "general";
    rules[3].caller = {""};
    rules[3].reject_code = 433;

    const Headers acme{{"x-tenant", "other"}, {"X-TENANT", " acme-eu "}};
    CHECK(find_route(rules, acme, {"+15", "+7"}).agent == "acme");
    CHECK(find_route(rules, acme, {"+15", "+7"}).rule == 1);
    CHECK(find_route(rules, acme, {"+15", "+6661"}).reject_code == 603);
    CHECK(find_route(rules, {}, {"+15", "+7"}).agent == "general");
    CHECK(find_route(rules, {}, {"+25", ""}).reject_code == 433);
    const Route none = find_route(rules, {}, {"+25", "+7"});
    CHECK(none.rule == -1);
    CHECK(none.agent.empty());
    CHECK(none.reject_code == 603);
  }
}
