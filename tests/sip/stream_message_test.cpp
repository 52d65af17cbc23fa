#include "sip/stream_message.hpp"

#include <string>

#include <doctest/doctest.h>

using offhook::sip::read_message;
using State = offhook::sip::StreamMessage::State;

namespace {

const std::string headers =
    "Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n"
    "Call-ID: 1\r\nCSeq: 1 OPTIONS\r\n";

std::string request(const std::string& line, const std::string& length = "0") {
  return line + "\r\n" + headers + "Content-Length: " + length + "\r\n\r\n";
}

}  // namespace

TEST_SUITE_BEGIN("sip messages of streams");

TEST_CASE("A message is complete when its body is, and what follows does not matter") {
  const std::string message = request("OPTIONS sip:a@b SIP/2.0", "4");
  for (std::size_t size = 1; size < message.size() + 4; ++size) {
    const auto part = read_message((message + "body").substr(0, size));
    CHECK(part.state == State::incomplete);
    CHECK_FALSE(part.doubtful);
  }
  const auto whole = read_message(message + "body\x01more");
  CHECK(whole.state == State::complete);
  CHECK(whole.size == message.size() + 4);
  CHECK(read_message(request("SIP/2.0 200 OK")).state == State::complete);
  CHECK(read_message("OPTIONS sip:a@b SIP/2.0\nv: SIP/2.0/TCP a;branch=1\nl: 0\n\n").state ==
        State::complete);
}

TEST_CASE("A first line that is none is waited with for the rest of its headers") {
  for (const char* line :
       {"hello", "OPTIONS sip:a@b", "OPTIONS  sip:a@b  SIP/2.0", "OPTIONS\tsip:a@b SIP/2.0"}) {
    CAPTURE(line);
    const std::string message = request(line);
    CHECK_FALSE(read_message(line).doubtful);
    const auto part = read_message(message.substr(0, message.size() - 1));
    CHECK(part.state == State::incomplete);
    CHECK(part.doubtful);
    CHECK(read_message(message).state == State::unreadable);
  }
}

TEST_CASE("What can never become a message is unreadable at once") {
  for (const std::string& text :
       {std::string(1, '\0'), std::string{"\x16\x03\x01"}, std::string{" a b c"},
        std::string(9'000, 'a'), "X: " + std::string(70'000, '1') + "\r\n"}) {
    CHECK(read_message(text).state == State::unreadable);
  }
}

TEST_CASE("A body may be 64 KiB long; a longer one is not waited for") {
  const std::string line = "OPTIONS sip:a@b SIP/2.0";
  CHECK(read_message(request(line, "65536")).state == State::incomplete);
  for (const char* length : {"65537", "4294967295"}) {
    const auto message = read_message(request(line, length));
    CHECK(message.state == State::unreadable);
    CHECK(message.size == request(line, length).size());
  }
}

TEST_CASE("So is one of another version, with another scheme, without its length or any Via") {
  CHECK(read_message(request("OPTIONS sip:a@b SIP/7.0")).state == State::unreadable);
  CHECK(read_message(request("OPTIONS unknown: SIP/2.0")).state == State::unreadable);
  CHECK(read_message("OPTIONS sip:a@b SIP/2.0\r\n" + headers + "\r\n").state == State::unreadable);
  CHECK(read_message("OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n").state ==
        State::unreadable);
  CHECK(read_message("GET / HTTP/1.1\r\nHost: a\r\n\r\n").state == State::unreadable);
}

TEST_SUITE_END();
