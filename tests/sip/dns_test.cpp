#include <algorithm>
#include <array>
#include <future>
#include <string_view>

#include <doctest/doctest.h>

#include "sip/dns_message.hpp"
#include "sip/host_resolver.hpp"

using namespace std::string_view_literals;
using offhook::sip::DnsAddress;
using offhook::sip::DnsStatus;
using offhook::sip::HostAddresses;
using offhook::sip::HostResolver;
using offhook::sip::parse_dns_query;
using offhook::sip::write_dns_response;

namespace {

std::vector<std::uint8_t> bytes(std::string_view text) { return {text.begin(), text.end()}; }

/// Question for the A record of "Sip.Test".
constexpr auto query_text =
    "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
    "\x03Sip\x04Test\x00\x00\x01\x00\x01"sv;

HostAddresses resolve(HostResolver& resolver, const std::string& name) {
  std::promise<HostAddresses> promise;
  auto future = promise.get_future();
  resolver.resolve(name, [&](const HostAddresses& found) { promise.set_value(found); });
  return future.get();
}

}  // namespace

TEST_SUITE_BEGIN("sip dns");

TEST_CASE("A query is read, its name in lower case") {
  const auto question = parse_dns_query(bytes(query_text));
  REQUIRE(question);
  CHECK(question->id == 0x1234);
  CHECK(question->name == "sip.test");
  CHECK(question->type == 1);
  CHECK(question->recursion_desired);
}

TEST_CASE("Every truncated query is refused") {
  for (std::size_t size = 0; size < query_text.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(parse_dns_query(bytes(query_text.substr(0, size))));
  }
}

TEST_CASE("What is no query of one name in class IN is refused") {
  const auto changed = [](std::size_t at, char to) {
    std::string text{query_text};
    text[at] = to;
    return bytes(text);
  };
  CHECK_FALSE(parse_dns_query(changed(2, '\x81')));                      // a response
  CHECK_FALSE(parse_dns_query(changed(2, '\x29')));                      // another opcode
  CHECK_FALSE(parse_dns_query(changed(5, '\x02')));                      // two questions
  CHECK_FALSE(parse_dns_query(changed(12, '\xC0')));                     // a compressed name
  CHECK_FALSE(parse_dns_query(changed(12, '\x3F')));                     // a label past the end
  CHECK_FALSE(parse_dns_query(changed(13, ' ')));                        // no host name
  CHECK_FALSE(parse_dns_query(changed(query_text.size() - 1, '\x03')));  // class CH
}

TEST_CASE("A response repeats the question and carries the addresses of its type") {
  const auto question = parse_dns_query(bytes(query_text)).value();
  const std::array<DnsAddress, 2> addresses{DnsAddress{127, 0, 0, 1}, DnsAddress(16, 0)};
  const auto response = write_dns_response(question, DnsStatus::no_error, addresses);
  const auto expected = bytes(
      "\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"
      "\x03Sip\x04Test\x00\x00\x01\x00\x01"
      "\xC0\x0C\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\x7F\x00\x00\x01"sv);
  CHECK(response == expected);
}

TEST_CASE("A name that does not exist has a response that says so") {
  const auto question = parse_dns_query(bytes(query_text)).value();
  const auto response = write_dns_response(question, DnsStatus::no_such_name, {});
  CHECK(response[3] == 0x83);
  CHECK(response[7] == 0);
}

TEST_CASE("Names resolve as the system says") {
  HostResolver resolver;
  const auto found = resolve(resolver, "localhost");
  REQUIRE(found.found);
  CHECK(std::find(found.addresses.begin(), found.addresses.end(), DnsAddress{127, 0, 0, 1}) !=
        found.addresses.end());
  CHECK(resolver.known("localhost"));
  // Two dots: refused without asking a name server, which may be slow or not there.
  const auto missing = resolve(resolver, "no-such-host..invalid");
  CHECK_FALSE(missing.found);
  CHECK_FALSE(missing.reason.empty());
  CHECK_FALSE(resolver.known("no-such-host..invalid"));
}

TEST_CASE("An address that did not answer goes last") {
  HostResolver resolver;
  const auto found = resolve(resolver, "localhost");
  resolver.mark_unreachable("localhost");
  const auto later = resolver.known("localhost").value();
  CHECK(later.addresses.size() == found.addresses.size());
  CHECK(later.addresses.back() == found.addresses.front());
  resolver.mark_unreachable("b.test");
  CHECK_FALSE(resolver.known("b.test"));
}

TEST_SUITE_END();
