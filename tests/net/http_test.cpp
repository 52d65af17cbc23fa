#include <fstream>

#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net_fixture.hpp"
#include "test_certificates.hpp"

namespace asio = boost::asio;
using namespace offhook;
using namespace std::chrono_literals;
using net::HttpRequest;
using net::HttpResponse;
using net::HttpServer;

namespace {

/// Answers with what it saw.
asio::awaitable<HttpResponse> echo_request(HttpRequest request) {
  HttpResponse response;
  response.headers.add("X-Method", request.method);
  response.headers.add("X-Target", request.target);
  response.headers.add("X-Seen", std::string{request.headers.get("x-sent")});
  response.headers.add("X-Peer", request.peer);
  response.body = std::move(request.body);
  co_return response;
}

net::HttpHandlers with_request(std::function<asio::awaitable<HttpResponse>(HttpRequest)> handler) {
  net::HttpHandlers handlers;
  handlers.request = std::move(handler);
  return handlers;
}

/// A server and a client on one context.
struct HttpSite {
  explicit HttpSite(net::HttpServerOptions options = {},
                    net::HttpHandlers handlers = with_request(echo_request))
      : server{HttpServer::listen(context.get_executor(), std::move(options), std::move(handlers))
                   .value()} {}

  [[nodiscard]] net::Url url(const std::string& scheme, const std::string& host = "localhost") {
    return net::parse_url(scheme + "://" + host + ":" + std::to_string(server->port()) +
                          "/echo?x=1")
        .value();
  }

  Result<HttpResponse> get(net::Url to, net::TlsContext tls = {}) {
    HttpRequest request;
    request.method = "GET";
    return exchange(std::move(to), std::move(request), std::move(tls));
  }

  Result<HttpResponse> exchange(net::Url to, HttpRequest request, net::TlsContext tls = {}) {
    net::HttpClientOptions options;
    options.tls = std::move(tls);
    return test::run_on(context,
                        net::http_exchange(std::move(to), std::move(request), std::move(options)));
  }

  std::string raw(std::string bytes) {
    return test::run_on(context, test::raw_exchange(server->port(), std::move(bytes)));
  }

  asio::io_context context{1};
  std::unique_ptr<HttpServer> server;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

}  // namespace

TEST_SUITE("HTTP exchange") {
  TEST_CASE("carries method, target, headers and exact bytes both ways") {
    HttpSite site;
    HttpRequest request;
    request.method = "POST";
    request.headers.add("X-Sent", "yes");
    request.body = std::string{"\0\r\n\xFF{}", 7};
    const auto response = site.exchange(site.url("http"), request).value();
    CHECK(response.status == 200);
    CHECK(response.body == request.body);
    CHECK(response.headers.get("x-method") == "POST");
    CHECK(response.headers.get("x-target") == "/echo?x=1");
    CHECK(response.headers.get("x-seen") == "yes");
    CHECK(response.headers.get("server") == "offhook");
    CHECK(response.headers.get("x-peer").starts_with("127.0.0.1:"));
  }

  TEST_CASE("uses a kept connection again, and another one when that has been closed") {
    HttpSite site;
    const auto connections = std::make_shared<net::HttpConnections>();
    const auto ask = [&](HttpSite& at) {
      net::HttpClientOptions options;
      options.connections = connections;
      HttpRequest request;
      request.method = "POST";
      request.body = "text";
      return test::run_on(site.context, net::http_exchange(at.url("http"), request, options));
    };
    const auto first = ask(site).value();
    const auto second = ask(site).value();
    CHECK(first.headers.get("x-peer") == second.headers.get("x-peer"));
    CHECK_FALSE(second.repeated);
    CHECK(site.get(site.url("http")).value().headers.get("x-peer") != first.headers.get("x-peer"));

    const std::uint16_t port = site.server->port();
    site.server.reset();  // closes what is open
    net::HttpServerOptions again;
    again.port = port;
    site.server =
        HttpServer::listen(site.context.get_executor(), again, with_request(echo_request)).value();
    const auto third = ask(site).value();
    CHECK(third.body == "text");
    CHECK(third.repeated);
    const auto fourth = ask(site).value();
    CHECK(fourth.headers.get("x-peer") == third.headers.get("x-peer"));
  }

  TEST_CASE("hands a body over as it comes, and closes once no more of it is wanted") {
    bool gone = false;
    struct Departure {
      bool& gone;
      ~Departure() { gone = true; }
    };
    const auto endless = [&](net::HttpBodyWriter writer) -> asio::awaitable<void> {
      const Departure departure{gone};
      const auto written = co_await writer.write("first");
      static_cast<void>(written);
      asio::steady_timer never{co_await asio::this_coro::executor,
                               asio::steady_timer::time_point::max()};
      co_await never.async_wait(asio::use_awaitable);
    };
    net::HttpHandlers handlers = with_request(echo_request);
    handlers.stream = [&](const HttpRequest&) {
      return std::optional<net::StreamedAnswer>{{{}, endless}};
    };
    HttpSite site{{}, std::move(handlers)};
    std::string seen;
    net::HttpClientOptions options;
    options.on_body = [&](std::string_view piece) {
      seen += piece;
      return seen != "first";
    };
    HttpRequest request;
    request.method = "GET";
    const auto answer =
        test::run_on(site.context, net::http_exchange(site.url("http"), request, options));
    REQUIRE(answer);
    CHECK(seen == "first");
    CHECK(answer->body.empty());
    test::run_until(site.context, [&] { return gone; });
  }

  TEST_CASE("hands no body of a refusal over") {
    net::HttpHandlers handlers = with_request([](HttpRequest) -> asio::awaitable<HttpResponse> {
      co_return HttpResponse{403, {}, "no"};
    });
    HttpSite site{{}, std::move(handlers)};
    net::HttpClientOptions options;
    options.on_body = [](std::string_view) -> bool { throw std::logic_error{"called"}; };
    HttpRequest request;
    request.method = "GET";
    const auto answer =
        test::run_on(site.context, net::http_exchange(site.url("http"), request, options));
    REQUIRE(answer);
    CHECK(answer->body == "no");
  }

  TEST_CASE("hands on answers of any status, without a body after HEAD") {
    HttpSite site{{}, with_request([](HttpRequest) -> asio::awaitable<HttpResponse> {
                    HttpResponse response;
                    response.status = 404;
                    response.body = "nothing here";
                    co_return response;
                  })};
    CHECK(site.get(site.url("http")).value().body == "nothing here");
    HttpRequest head;
    head.method = "HEAD";
    const auto response = site.exchange(site.url("http"), head).value();
    CHECK(response.status == 404);
    CHECK(response.body.empty());
    CHECK(response.headers.get("content-length") == "12");
  }

  TEST_CASE("never lets a header value start another line") {
    HttpSite site;
    HttpRequest request;
    request.method = "GET";
    request.headers.add("X-Sent", "a\r\nX-More: b");
    CHECK(site.exchange(site.url("http"), request).error().code == Errc::invalid_argument);
  }

  TEST_CASE("says which host name is not found") {
    HttpSite site;
    // Two dots: the resolver refuses it by itself, so that no name server is needed or waited for.
    const auto failed = site.get(net::parse_url("http://nowhere..invalid/").value());
    CHECK(failed.error().code == Errc::not_found);
    CHECK(contains(failed.error().detail, "http://nowhere..invalid:80: "));
  }

  TEST_CASE("says that nobody listens") {
    HttpSite site;
    const auto url = site.url("http", "127.0.0.1");
    site.server.reset();
    const auto failed = site.get(url);
    CHECK(failed.error().code == Errc::unreachable);
    CHECK(failed.error().detail ==
          "http://127.0.0.1:" + std::to_string(url.port) + ": connection refused");
  }

  TEST_CASE("ends after its time limit and says what it waited for") {
    HttpSite site{{}, with_request([](HttpRequest) -> asio::awaitable<HttpResponse> {
                    asio::steady_timer never{co_await asio::this_coro::executor, 1h};
                    co_await never.async_wait(asio::use_awaitable);
                    co_return HttpResponse{};
                  })};
    HttpRequest request;
    request.method = "GET";
    net::HttpClientOptions options;
    options.timeout = 1s;  // enough to connect and ask, so that it ends while waiting
    const auto failed =
        test::run_on(site.context, net::http_exchange(site.url("http"), request, options));
    CHECK(failed.error().code == Errc::timed_out);
    CHECK(contains(failed.error().detail, "timed out after 1 s while waiting for the answer"));
  }

  TEST_CASE("refuses an answer that exceeds the limit, is malformed or is cut off") {
    asio::io_context context{1};
    asio::ip::tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    const auto ask = [&](std::string answer) {
      auto imposter = [&acceptor](std::string bytes) -> asio::awaitable<void> {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        std::array<char, 1024> request{};
        co_await socket.async_read_some(asio::buffer(request), asio::use_awaitable);
        const auto buffer = asio::buffer(bytes);
        co_await asio::async_write(socket, buffer, asio::use_awaitable);
      };
      asio::co_spawn(context, imposter(std::move(answer)), [](const std::exception_ptr&) {});
      HttpRequest request;
      request.method = "GET";
      net::HttpClientOptions options;
      options.max_body_bytes = 10;
      const auto url =
          net::parse_url("http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()))
              .value();
      return test::run_on(context, net::http_exchange(url, request, options));
    };
    CHECK(ask("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n12345678901").error().code ==
          Errc::overloaded);
    CHECK(ask("SSH-2.0-OpenSSH\r\n\r\n").error().code == Errc::malformed_message);
    CHECK(ask("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123").error().code ==
          Errc::malformed_message);
    CHECK(ask("").error().code == Errc::unreachable);
    CHECK(ask("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n\r\nto the end").value().body ==
          "to the end");
    CHECK(ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
              .value()
              .body == "abc");
  }
}

TEST_SUITE("HTTPS exchange") {
  TEST_CASE("connects by name and by address when the certificate is good for both") {
    const test::TestCertificates good;
    net::HttpServerOptions options;
    options.tls = good.server();
    HttpSite site{options};
    CHECK(site.get(site.url("https", "localhost"), good.client()).value().status == 200);
    CHECK(site.get(site.url("https", "127.0.0.1"), good.client()).value().status == 200);
  }

  TEST_CASE("refuses a wrong name, a wrong address, another CA and an expired certificate") {
    const test::TestCertificates good;
    const test::TestCertificates elsewhere{{"elsewhere.example"}, {"127.0.0.2"}};
    const test::TestCertificates expired{{"localhost"}, {"127.0.0.1"}, -1h};
    struct Row {
      const test::TestCertificates& server;
      const test::TestCertificates& client;
      const char* host;
      const char* reason;
      const char* advice;
    };
    const Row rows[] = {
        {elsewhere, elsewhere, "localhost", "hostname mismatch", "check the host name"},
        {elsewhere, elsewhere, "127.0.0.1", "IP address mismatch", "check the host name"},
        {good, elsewhere, "localhost", "unable to get local issuer certificate", "--api-ca"},
        {expired, expired, "localhost", "certificate has expired", "clock"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.reason);
      net::HttpServerOptions options;
      options.tls = row.server.server();
      HttpSite site{options};
      const auto failed = site.get(site.url("https", row.host), row.client.client());
      REQUIRE(!failed);
      CHECK(failed.error().code == Errc::authentication_failed);
      CAPTURE(failed.error().detail);
      CHECK(contains(failed.error().detail, row.reason));
      CHECK(contains(failed.error().detail, row.advice));
    }
  }

  TEST_CASE("does not trust a private CA that it was not given") {
    const test::TestCertificates good;
    net::HttpServerOptions options;
    options.tls = good.server();
    HttpSite site{options};
    const auto failed = site.get(site.url("https"), net::make_client_tls().value());
    CHECK(failed.error().code == Errc::authentication_failed);
  }

  TEST_CASE("says that the port does not speak TLS, and that settings are missing") {
    const test::TestCertificates good;
    HttpSite site;
    const auto failed = site.get(site.url("https"), good.client());
    CHECK(failed.error().code == Errc::unreachable);
    CHECK(contains(failed.error().detail, "TLS handshake failed"));
    CHECK(site.get(site.url("https")).error().code == Errc::invalid_argument);
  }

  TEST_CASE("leaves a server that gets plain HTTP on its TLS port usable") {
    const test::TestCertificates good;
    net::HttpServerOptions options;
    options.tls = good.server();
    HttpSite site{options};
    CHECK(!site.get(site.url("http")));
    CHECK(site.get(site.url("https"), good.client()).value().status == 200);
  }
}

TEST_SUITE("HTTP server") {
  TEST_CASE("answers two requests on one connection, pipelined too") {
    HttpSite site;
    const auto answers = site.raw(
        "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none"
        "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\ntwo");
    CHECK(count(answers, "HTTP/1.1 200 OK") == 2);
    CHECK(answers.find("one") < answers.find("two"));
    CHECK(count(answers, "Connection: close") == 1);
  }

  TEST_CASE("puts a chunked body together and says 100 Continue to who expects it") {
    HttpSite site;
    CHECK(contains(site.raw("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
                   "\r\n\r\nabcde"));
    auto patient = [](std::uint16_t port) -> asio::awaitable<std::string> {
      asio::ip::tcp::socket socket{co_await asio::this_coro::executor};
      const asio::ip::tcp::endpoint to{asio::ip::address_v4::loopback(), port};
      co_await socket.async_connect(to, asio::use_awaitable);
      const std::string header =
          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
      co_await asio::async_write(socket, asio::buffer(header), asio::use_awaitable);
      std::array<char, 256> chunk{};
      const auto bytes = co_await socket.async_read_some(asio::buffer(chunk), asio::use_awaitable);
      co_return std::string{chunk.data(), bytes};
    };
    CHECK(test::run_on(site.context, patient(site.server->port())) ==
          "HTTP/1.1 100 Continue\r\n\r\n");
  }

  TEST_CASE("answers 413 to bodies beyond the limit, announced or chunked") {
    net::HttpServerOptions options;
    options.max_body_bytes = 100;
    HttpSite site{options};
    const std::string big(200'000, 'x');
    const auto announced =
        site.raw("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" + big);
    CHECK(announced.starts_with("HTTP/1.1 413 "));
    CHECK(contains(announced, "Connection: close"));
    CHECK(site.raw("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n30d40\r\n" +
                   big + "\r\n0\r\n\r\n")
              .starts_with("HTTP/1.1 413 "));
    CHECK(site.server->malformed_requests() == 0);
    HttpRequest request;
    request.method = "POST";
    request.body = big;
    CHECK(site.exchange(site.url("http"), request).value().status == 413);
  }

  TEST_CASE("answers 431 to headers beyond the limit") {
    net::HttpServerOptions options;
    options.max_header_bytes = 1000;
    HttpSite site{options};
    CHECK(site.raw("GET / HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n")
              .starts_with("HTTP/1.1 431 "));
  }

  TEST_CASE("answers 400 to what is no HTTP, closes, counts, and goes on") {
    HttpSite site;
    std::uint64_t expected = 0;
    for (const std::string text :
         {"\x16\x03\x01\x02\x00 junk\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\nab",
          "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
          "GET / HTTP/1.1\r\nNo colon\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"}) {
      CAPTURE(text);
      CHECK(site.raw(text).starts_with("HTTP/1.1 400 "));
      CHECK(site.server->malformed_requests() == ++expected);
    }
    CHECK(site.get(site.url("http")).value().status == 200);
  }

  TEST_CASE("answers 408 to a request that trickles, and just closes an idle connection") {
    net::HttpServerOptions options;
    options.idle_timeout = 500ms;  // enough for what is sent to arrive
    HttpSite site{options};
    CHECK(site.raw("GET / HTTP/1.1\r\nHost: h\r\nX-Slow").starts_with("HTTP/1.1 408 "));
    CHECK(site.raw("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab")
              .starts_with("HTTP/1.1 408 "));
    CHECK(site.raw("").empty());
  }

  TEST_CASE("does not wait for ever for a TLS handshake") {
    const test::TestCertificates good;
    net::HttpServerOptions options;
    options.tls = good.server();
    options.idle_timeout = 50ms;
    HttpSite site{options};
    CHECK(site.raw("").empty());
  }

  TEST_CASE("writes the framing of an answer itself, and none for 204") {
    HttpSite site{{}, with_request([](HttpRequest request) -> asio::awaitable<HttpResponse> {
                    HttpResponse response;
                    response.status = request.path() == "/none" ? 204 : 200;
                    response.headers.add("content-length", "99");
                    response.headers.add("Transfer-Encoding", "chunked");
                    response.body = "four";
                    co_return response;
                  })};
    const auto answers = site.raw(
        "GET /none HTTP/1.1\r\nHost: h\r\n\r\n"
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    CHECK(answers ==
          "HTTP/1.1 204 No Content\r\nServer: offhook\r\n\r\n"
          "HTTP/1.1 200 OK\r\nServer: offhook\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"
          "four");
  }

  TEST_CASE("turns an exception and an unusable answer into 500") {
    HttpSite site{{}, with_request([](HttpRequest request) -> asio::awaitable<HttpResponse> {
                    if (request.method == "GET") {
                      throw std::runtime_error{"handler broke"};
                    }
                    HttpResponse response;
                    response.headers.add("X", "a\r\nb");
                    co_return response;
                  })};
    CHECK(site.get(site.url("http")).value().status == 500);
    HttpRequest post;
    post.method = "POST";
    CHECK(site.exchange(site.url("http"), post).value().status == 500);
  }

  TEST_CASE("closes connections beyond the maximum and accepts again when one has gone") {
    net::HttpServerOptions options;
    options.max_connections = 1;
    HttpSite site{options};
    asio::ip::tcp::socket first{site.context};
    first.connect({asio::ip::address_v4::loopback(), site.server->port()});
    CHECK(site.get(site.url("http", "127.0.0.1")).error().code == Errc::unreachable);
    first.close();
    bool served = false;
    while (!served) {
      served = site.get(site.url("http", "127.0.0.1")).has_value();
    }
    CHECK(served);
  }

  TEST_CASE("says that a port is in use and what to do") {
    HttpSite site;
    net::HttpServerOptions options;
    options.port = site.server->port();
    const auto second = HttpServer::listen(site.context.get_executor(), options, {});
    REQUIRE(!second);
    CHECK(second.error().code == Errc::invalid_argument);
    CHECK(second.error().detail == "port " + std::to_string(options.port) +
                                       " of 127.0.0.1 is in use; choose another with --listen");
    options.host = "192.0.2.1";
    CHECK(HttpServer::listen(site.context.get_executor(), options, {}).error().code ==
          Errc::invalid_argument);
  }

  TEST_CASE("can be destroyed while a handler runs, from within a handler too") {
    bool running = false;
    bool cancelled = false;
    auto wait = [&](HttpRequest) -> asio::awaitable<HttpResponse> {
      asio::steady_timer never{co_await asio::this_coro::executor, 1h};
      running = true;
      const auto [failure] = co_await never.async_wait(asio::as_tuple(asio::use_awaitable));
      cancelled = failure == asio::error::operation_aborted;
      co_return HttpResponse{};
    };
    HttpSite site{{}, with_request(wait)};
    std::optional<Result<HttpResponse>> answer;
    HttpRequest request;
    request.method = "GET";
    asio::co_spawn(site.context, net::http_exchange(site.url("http"), request, {}),
                   [&](const std::exception_ptr&, Result<HttpResponse> got) { answer = got; });
    test::run_until(site.context, [&] { return running; });
    site.server.reset();
    test::run_until(site.context, [&] { return answer.has_value(); });
    CHECK(cancelled);
    CHECK(answer->error().code == Errc::unreachable);

    std::unique_ptr<HttpServer> suicidal;
    auto destroy = [&](HttpRequest) -> asio::awaitable<HttpResponse> {
      suicidal.reset();
      co_return HttpResponse{};
    };
    suicidal = HttpServer::listen(site.context.get_executor(), {}, with_request(destroy)).value();
    const auto url = net::parse_url("http://127.0.0.1:" + std::to_string(suicidal->port())).value();
    CHECK(site.get(url).error().code == Errc::unreachable);
  }
}
