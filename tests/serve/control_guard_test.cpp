#include "serve/control_guard.hpp"

#include <doctest/doctest.h>

using namespace offhook::serve;
using offhook::Secret;
using offhook::net::HttpRequest;

TEST_SUITE("control guard") {
  TEST_CASE("only names of loopback are this machine") {
    for (const char* good :
         {"localhost", "localhost:8444", "127.0.0.1:80", "127.3.2.1", "[::1]", "[::1]:8444"}) {
      CHECK_MESSAGE(is_loopback_host(good), good);
    }
    for (const char* bad : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                            "127.evil.0.1", "192.168.0.1", "[::2]", "127.0.0.1@evil.example:1"}) {
      CHECK_MESSAGE(!is_loopback_host(bad), bad);
    }
  }

  TEST_CASE("the token must be whole, and there must be one") {
    const auto refused = [](const char* header, const char* token) {
      const HttpRequest request{"GET", "/v1/calls", {{"Authorization", header}}, {}, {}};
      return refuse_token(request, Secret{token}).has_value();
    };
    CHECK_FALSE(refused("Bearer tok-1", "tok-1"));
    CHECK(refused("Bearer tok-2", "tok-1"));
    CHECK(refused("Bearer tok-", "tok-1"));
    CHECK(refused("Bearer tok-1tok-1", "tok-1"));
    CHECK(refused("Bearer ", "tok-1"));
    CHECK(refused("tok-1", "tok-1"));
    CHECK(refused("Basic tok-1", "tok-1"));
    CHECK(refused("Bearer ", ""));
  }

  TEST_CASE("comparing takes texts of any length") {
    CHECK(same_text("", ""));
    CHECK(same_text("abc", "abc"));
    CHECK_FALSE(same_text("abc", "abd"));
    CHECK_FALSE(same_text("abc", ""));
    CHECK_FALSE(same_text("", "abc"));
    CHECK_FALSE(same_text("abcabc", "abc"));
  }
}
