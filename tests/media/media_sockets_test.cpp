#include <doctest/doctest.h>
#include <fcntl.h>

#include "media/engine.hpp"

using offhook::Errc;
using offhook::media::MediaSockets;

TEST_SUITE("Media sockets") {
  TEST_CASE("are an even port for RTP and the next for RTCP, on IPv4 and IPv6") {
    for (const char* address : {"127.0.0.1", "::1"}) {
      const auto bound = MediaSockets::bind(address);
      CAPTURE(address);
      REQUIRE(bound.has_value());
      CHECK(bound->rtp_port() != 0);
      CHECK(bound->rtp_port() % 2 == 0);
      CHECK(bound->address() == address);
      CHECK((fcntl(bound->rtp_fd(), F_GETFD) & FD_CLOEXEC) != 0);
      CHECK((fcntl(bound->rtp_fd(), F_GETFL) & O_NONBLOCK) != 0);
      CHECK((fcntl(bound->rtcp_fd(), F_GETFD) & FD_CLOEXEC) != 0);
    }
  }

  TEST_CASE("stay within the range, use all of it, and say when it is full") {
    // A free range of three pairs: where an arbitrary pair has just been free.
    const std::uint16_t first = MediaSockets::bind("127.0.0.1").value().rtp_port();
    std::vector<MediaSockets> bound;
    for (;;) {
      auto next = MediaSockets::bind("127.0.0.1", first, static_cast<std::uint16_t>(first + 5));
      if (!next) {
        CHECK(next.error().code == Errc::overloaded);
        CHECK(next.error().detail.find("in use") != std::string::npos);
        break;
      }
      CHECK(next->rtp_port() >= first);
      CHECK(next->rtp_port() <= first + 4);
      bound.push_back(*std::move(next));
    }
    CHECK(bound.size() >= 1);
    CHECK(bound.size() <= 3);
  }

  TEST_CASE("are refused for a name, a foreign address and a range without a pair") {
    CHECK(MediaSockets::bind("localhost").error().code == Errc::invalid_argument);
    CHECK(MediaSockets::bind("192.0.2.1").error().code == Errc::invalid_argument);
    CHECK(MediaSockets::bind("127.0.0.1", 5'001, 5'002).error().code == Errc::invalid_argument);
    CHECK(MediaSockets::bind("127.0.0.1", 65'535, 65'535).error().code == Errc::invalid_argument);
    CHECK(MediaSockets::bind("127.0.0.1", 5'010, 5'000).error().code == Errc::invalid_argument);
  }
}
