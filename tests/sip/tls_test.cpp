#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include "sip_fixture.hpp"

using namespace std::chrono_literals;
using offhook::Errc;
using offhook::sip::Call;
using offhook::sip::CallEvent;
using offhook::test::certificates;
using offhook::test::Phones;
using offhook::test::TestCertificates;
using Kind = CallEvent::Kind;

namespace asio = boost::asio;
namespace sip = offhook::sip;

namespace {

/// What a call from a client with this name and CA ends in.
CallEvent outcome(Phones& phones, const std::string& name, const std::string& ca_file) {
  phones.client = phones.start_client(name, ca_file);
  Call caller = phones.invite();
  for (;;) {
    CallEvent event = phones.next(caller);
    if (event.kind != Kind::progress && event.kind != Kind::sent) {
      return event;
    }
    if (event.status == 100) {
      return event;  // the server has got it: connected
    }
  }
}

}  // namespace

TEST_SUITE_BEGIN("sip tls");

TEST_CASE("A certificate that fits is accepted, by name or by address") {
  Phones phones{certificates()};
  CHECK(outcome(phones, "localhost", certificates().ca_file()).status == 100);
  CHECK(outcome(phones, "127.0.0.1", certificates().ca_file()).status == 100);
}

TEST_CASE("The name to verify may differ from the host to call") {
  const TestCertificates openai{{"sip.api.openai.com"}, {}};
  Phones phones{openai};
  CHECK(outcome(phones, "sip.api.openai.com", openai.ca_file()).status == 100);
}

TEST_CASE("A certificate for another name is refused") {
  Phones phones{certificates()};
  for (const char* name : {"sip.api.openai.com", "127.0.0.2"}) {
    const CallEvent failed = outcome(phones, name, certificates().ca_file());
    CHECK(failed.kind == Kind::failed);
    REQUIRE(failed.error);
    CHECK(failed.error->code == Errc::authentication_failed);
    CHECK(failed.error->detail.find(std::string{"is for another name than "} + name) !=
          std::string::npos);
    CHECK(failed.error->detail.ends_with("check --sip-name"));
  }
  CHECK(phones.incoming.empty());
}

TEST_CASE("A certificate of an unknown authority is refused") {
  Phones phones{certificates()};
  const TestCertificates other;
  for (const std::string& ca_file : {other.ca_file(), std::string{}}) {
    const CallEvent failed = outcome(phones, "localhost", ca_file);
    CHECK(failed.kind == Kind::failed);
    REQUIRE(failed.error);
    CHECK(failed.error->code == Errc::authentication_failed);
    CHECK(failed.error->detail.find("signed by an unknown authority") != std::string::npos);
    CHECK(failed.error->detail.ends_with("add it with --sip-ca"));
  }
  CHECK(phones.incoming.empty());
}

TEST_CASE("An expired certificate is refused") {
  const TestCertificates expired{{"localhost"}, {"127.0.0.1"}, -1h};
  Phones phones{expired};
  const CallEvent failed = outcome(phones, "localhost", expired.ca_file());
  CHECK(failed.kind == Kind::failed);
  REQUIRE(failed.error);
  CHECK(failed.error->code == Errc::authentication_failed);
  CHECK(failed.error->detail.find("has expired") != std::string::npos);
  CHECK(phones.incoming.empty());
}

TEST_CASE("A port that speaks something else is unreachable") {
  Phones phones{certificates()};
  asio::ip::tcp::acceptor acceptor{phones.context, {asio::ip::make_address("127.0.0.1"), 0}};
  asio::ip::tcp::socket peer{phones.context};
  bool accepted = false;
  acceptor.async_accept(peer, [&](const boost::system::error_code&) { accepted = true; });
  sip::InviteOptions options;
  options.target =
      "sip:p@127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + ";transport=tls";
  Call caller = phones.invite(std::move(options));
  phones.run_until([&] { return accepted; });
  asio::write(peer, asio::buffer(std::string_view{"HTTP/1.1 400 Bad Request\r\n\r\n"}));
  const CallEvent failed = phones.last(caller);
  CHECK(failed.kind == Kind::failed);
  REQUIRE(failed.error);
  CHECK(failed.error->code == Errc::unreachable);
  CHECK(failed.error->detail.find("is this a SIP/TLS port?") != std::string::npos);
}

TEST_CASE("A peer that accepts and says nothing is reported") {
  Phones phones{certificates()};
  sip::TlsClientConfig config;
  config.server_name = "localhost";
  config.ca_file = certificates().ca_file();
  config.connect_timeout = 100ms;
  phones.client =
      sip::Endpoint::start_client(*phones.loop, phones.context.get_executor(), config).value();
  asio::ip::tcp::acceptor silent{phones.context, {asio::ip::make_address("127.0.0.1"), 0}};
  sip::InviteOptions options;
  options.target =
      "sip:p@127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + ";transport=tls";
  Call caller = phones.invite(std::move(options));
  const CallEvent failed = phones.last(caller);
  CHECK(failed.kind == Kind::failed);
  REQUIRE(failed.error);
  CHECK(failed.error->code == Errc::timed_out);
  CHECK(failed.error->detail.find("no connection to 127.0.0.1") != std::string::npos);
}

TEST_CASE("A client says what is wrong with its settings") {
  Phones phones{certificates()};
  sip::TlsClientConfig no_file;
  no_file.server_name = "localhost";
  no_file.ca_file = "/nonexistent.pem";
  sip::TlsClientConfig no_name;
  sip::TlsClientConfig no_address;
  no_address.server_name = "localhost";
  no_address.bind_address = "eth0";
  sip::TlsClientConfig no_pem = no_file;
  no_pem.ca_file = "/dev/null";
  const auto start = [&phones](const sip::TlsClientConfig& config) {
    return sip::Endpoint::start_client(*phones.loop, phones.context.get_executor(), config);
  };
  for (const auto& config : {no_pem, no_name, no_address}) {
    const auto failed = start(config);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == Errc::invalid_argument);
  }
  const auto missing = start(no_file);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::not_found);
  CHECK(missing.error().detail.find("/nonexistent.pem does not exist") != std::string::npos);
}

TEST_SUITE_END();
