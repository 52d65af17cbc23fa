#include "net/url.hpp"

#include <doctest/doctest.h>

using offhook::Errc;
using offhook::net::parse_host_port;
using offhook::net::parse_url;
using offhook::net::percent_decode;
using offhook::net::percent_encode;

TEST_SUITE("URL") {
  TEST_CASE("is taken apart, with the scheme's own port and at least a slash") {
    struct Row {
      const char* text;
      const char* scheme;
      const char* host;
      int port;
      const char* target;
      const char* authority;
    };
    const Row rows[] = {
        {"https://api.openai.com", "https", "api.openai.com", 443, "/", "api.openai.com"},
        {"http://h", "http", "h", 80, "/", "h"},
        {"ws://h/a", "ws", "h", 80, "/a", "h"},
        {"WSS://h:443/a?b=c%20d#e", "wss", "h", 443, "/a?b=c%20d", "h"},
        {"https://h:80/", "https", "h", 80, "/", "h:80"},
        {"http://h?q=1", "http", "h", 80, "/?q=1", "h"},
        {"http://127.0.0.1:8080/v1/", "http", "127.0.0.1", 8080, "/v1/", "127.0.0.1:8080"},
        {"https://[::1]:8443/x", "https", "::1", 8443, "/x", "[::1]:8443"},
        {"https://[::1]/", "https", "::1", 443, "/", "[::1]"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      const auto url = parse_url(row.text);
      REQUIRE(url);
      CHECK(url->scheme == row.scheme);
      CHECK(url->host == row.host);
      CHECK(url->port == row.port);
      CHECK(url->target == row.target);
      CHECK(url->authority() == row.authority);
      CHECK(url->tls() == (url->scheme.back() == 's' && url->scheme != "ws"));
    }
  }

  TEST_CASE("is refused when it is of another scheme, has no host, a bad port or a user") {
    for (const std::string text :
         {"", "api.openai.com", "ftp://h/", "https://", "https:///path", "http://h:99999/",
          "http://h:0/", "http://h:x/", "http://h:80x/", "http://a%3Ab/", "http://user@h/",
          "http://user:secret@h/", "http://a b/", "http://h/a b", "http://h%0d%0aX: y/",
          "http://h/\r\nX: y"}) {
      CAPTURE(text);
      const auto url = parse_url(text);
      REQUIRE(!url);
      CHECK(url.error().code == Errc::invalid_argument);
      CHECK(url.error().detail.find("secret") == std::string::npos);
    }
  }

  TEST_CASE("percent-encoding keeps only unreserved characters") {
    CHECK(percent_encode("aZ09-._~") == "aZ09-._~");
    CHECK(percent_encode("a b/c?d=e&f+\xC3\xA9") == "a%20b%2Fc%3Fd%3De%26f%2B%C3%A9");
  }

  TEST_CASE("percent-decoding keeps malformed escapes") {
    CHECK(percent_decode("a%20b%2fc%2F") == "a b/c/");
    CHECK(percent_decode("%zz%4%") == "%zz%4%");
    CHECK(percent_decode(percent_encode("\x01 %\xFF")) == "\x01 %\xFF");
  }
}

TEST_SUITE("listening address") {
  TEST_CASE("is a host and a port, loopback without a host") {
    const auto plain = parse_host_port("127.0.0.1:8443").value();
    CHECK(plain.host == "127.0.0.1");
    CHECK(plain.port == 8443);
    const auto v6 = parse_host_port("[::1]:0").value();
    CHECK(v6.host == "::1");
    CHECK(v6.port == 0);
    CHECK(parse_host_port(":65535").value().host == "127.0.0.1");
    CHECK(parse_host_port("localhost:1").value().host == "localhost");
  }

  TEST_CASE("is refused when it is neither") {
    for (const std::string text : {"", "8443", "host", "host:", "host:70000", "host:-1", "::1:80",
                                   "[]:80", "a b:80", "host:1x"}) {
      CAPTURE(text);
      CHECK(parse_host_port(text).error().code == Errc::invalid_argument);
    }
  }
}
