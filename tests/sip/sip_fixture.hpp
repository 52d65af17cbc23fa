#pragma once

#include <chrono>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "../net/test_certificates.hpp"
#include "sip/endpoint.hpp"
#include "sip/loop.hpp"
#include "sip/sdp.hpp"

namespace offhook::test {

/// Far beyond what any case needs: only a case that hangs meets it.
constexpr std::chrono::seconds generous{60};

/// Two endpoints on one SIP thread, and the control thread's context, which runs only while a case
/// waits for something.
class Phones {
 public:
  using Kind = sip::CallEvent::Kind;

  explicit Phones(const TestCertificates& certificates, sip::ServerQuirks quirks = {})
      : certificates_{certificates} {
    sip::ServerConfig config;
    config.tls_port = 0;
    config.tls_cert_file = certificates.server_file();
    config.udp_port = 0;
    server = sip::Endpoint::start_server(
                 *loop, context.get_executor(), config, quirks,
                 [this](sip::IncomingCall call) { incoming.push_back(std::move(call)); })
                 .value();
    client = start_client("localhost", certificates.ca_file());
  }

  [[nodiscard]] std::unique_ptr<sip::Endpoint> start_client(const std::string& name,
                                                            const std::string& ca_file) {
    sip::TlsClientConfig config;
    config.server_name = name;
    config.ca_file = ca_file;
    return sip::Endpoint::start_client(*loop, context.get_executor(), config).value();
  }

  [[nodiscard]] std::string target(const std::string& host = "127.0.0.1") const {
    return "sip:proj_x@" + host + ':' + std::to_string(server->tls_port()) + ";transport=tls";
  }

  [[nodiscard]] sip::Call invite(sip::InviteOptions options) {
    if (options.target.empty()) {
      options.target = target();
    }
    if (options.sdp.empty()) {
      options.sdp = offer().sdp;
    }
    return client->invite(std::move(options));
  }
  [[nodiscard]] sip::Call invite() { return invite(sip::InviteOptions{}); }

  static sip::MediaCapabilities capabilities(std::uint16_t port) {
    sip::MediaCapabilities own;
    own.address = "127.0.0.1";
    own.port = port;
    own.codecs = {{0, "PCMU"}, {8, "PCMA"}, {101, "telephone-event", 8'000, 1, "0-16"}};
    return own;
  }
  static sip::MediaOffer offer() {
    return sip::make_offer(capabilities(40'000), sip::SdpProfile::savp).value();
  }

  /// The next INVITE that the server got.
  [[nodiscard]] sip::IncomingCall take_incoming() {
    run_until([this] { return !incoming.empty(); });
    sip::IncomingCall call = std::move(incoming.front());
    incoming.pop_front();
    return call;
  }

  /// Answers `call` as its offer allows, and returns what was agreed.
  static sip::NegotiatedMedia answer(sip::IncomingCall& call) {
    const auto own = capabilities(50'000);
    const auto answered = sip::answer_offer(own, call.sdp).value();
    call.call.answer(answered.sdp, own, answered.media);
    return answered.media;
  }

  [[nodiscard]] sip::CallEvent next(sip::Call& call) { return run(call.next_event()); }

  /// The next event of `kind`; earlier ones are dropped.
  [[nodiscard]] sip::CallEvent next(sip::Call& call, Kind kind) {
    for (;;) {
      sip::CallEvent event = next(call);
      if (event.kind == kind) {
        return event;
      }
      if (event.kind == Kind::closed || event.kind == Kind::failed) {
        throw std::runtime_error{"the call ended: " + event.reason +
                                 (event.error ? event.error->detail : "")};
      }
    }
  }

  /// The event that ends the call.
  [[nodiscard]] sip::CallEvent last(sip::Call& call) {
    for (;;) {
      sip::CallEvent event = next(call);
      if (event.kind == Kind::closed || event.kind == Kind::failed) {
        return event;
      }
    }
  }

  template <class T>
  T run(boost::asio::awaitable<T> work) {
    std::optional<T> value;
    std::exception_ptr failure;
    boost::asio::co_spawn(context, std::move(work),
                          [&](const std::exception_ptr& thrown, T result) {
                            failure = thrown;
                            value = std::move(result);
                          });
    run_until([&] { return failure != nullptr || value.has_value(); });
    if (failure) {
      std::rethrow_exception(failure);
    }
    return std::move(*value);
  }

  void run(boost::asio::awaitable<void> work) {
    bool ended = false;
    boost::asio::co_spawn(context, std::move(work),
                          [&](const std::exception_ptr&) { ended = true; });
    run_until([&] { return ended; });
  }

  template <class Condition>
  void run_until(Condition done) {
    const auto deadline = std::chrono::steady_clock::now() + generous;
    const auto work = boost::asio::make_work_guard(context);
    context.restart();
    while (!done()) {
      if (context.run_one_until(deadline) == 0) {
        throw std::runtime_error{"the case hangs"};
      }
    }
  }

  boost::asio::io_context context;
  std::unique_ptr<sip::Loop> loop = sip::Loop::start().value();
  std::deque<sip::IncomingCall> incoming;
  std::unique_ptr<sip::Endpoint> server;
  std::unique_ptr<sip::Endpoint> client;

 private:
  const TestCertificates& certificates_;
};

/// One for all cases: making keys takes time.
inline const TestCertificates& certificates() {
  static const TestCertificates made;
  return made;
}

}  // namespace offhook::test
