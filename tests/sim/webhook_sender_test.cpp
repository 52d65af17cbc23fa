#include "sim/webhook_sender.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "sim_fixture.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;

/// A receiver that answers as its script says, then 200.
struct Receiver {
  explicit Receiver(std::vector<int> answers) : script{std::move(answers)} {
    net::HttpHandlers handlers;
    handlers.request = [this](net::HttpRequest request) { return take(std::move(request)); };
    server = net::HttpServer::listen(context.get_executor(), {}, std::move(handlers)).value();
    aim(server->port());
  }

  boost::asio::awaitable<net::HttpResponse> take(net::HttpRequest request) {
    net::HttpResponse response;
    if (got.size() < script.size()) {
      response.status = script[got.size()];
    }
    got.push_back(std::move(request));
    co_return response;
  }

  void aim(std::uint16_t port) {
    target = WebhookTarget{"http://127.0.0.1:" + std::to_string(port) + "/webhook",
                           {Secret{test_secret}}};
  }

  void deliver(int copies = 1) {
    sender.deliver({"wh_1", R"({"test": true})", [this] { return target; }, 0ms, copies},
                   [this](const DeliveryAttempt& attempt) { attempts.push_back(attempt); });
  }

  template <class Condition>
  void run_until(Condition done) {
    const auto deadline = std::chrono::steady_clock::now() + generous;
    while (!done() && context.run_one_until(deadline) > 0) {
    }
    REQUIRE(done());
  }

  boost::asio::io_context context;
  std::vector<int> script;
  std::vector<net::HttpRequest> got;
  std::vector<DeliveryAttempt> attempts;
  std::optional<WebhookTarget> target;
  std::unique_ptr<net::HttpServer> server;
  WebhookSender sender{context.get_executor(), {}, {.delays = {1ms, 1ms}}};
};

TEST_SUITE("Webhook sender") {
  TEST_CASE("repeats what was not taken under one id, each time signed anew") {
    Receiver receiver{{500, 302}};
    receiver.deliver();
    receiver.run_until([&] { return receiver.attempts.size() == 3; });
    CHECK(receiver.attempts[0].status == 500);
    CHECK(receiver.attempts[1].status == 302);
    CHECK_FALSE(receiver.attempts[1].problem.empty());
    CHECK(receiver.attempts[2].problem.empty());
    CHECK(receiver.attempts[2].number == 3);
    for (const auto& request : receiver.got) {
      const openai::WebhookHeaders headers{request.headers.get("webhook-id"),
                                           request.headers.get("webhook-timestamp"),
                                           request.headers.get("webhook-signature")};
      CHECK(headers.id == "wh_1");
      CHECK(request.headers.get("content-type") == "application/json");
      CHECK(openai::verify_webhook({Secret{test_secret}}, headers, request.body,
                                   std::stoll(std::string{headers.timestamp})));
    }
  }

  TEST_CASE("goes on trying while nobody listens, at the address that holds then") {
    Receiver receiver{{}};
    const std::uint16_t port = receiver.server->port();
    receiver.aim(1);
    receiver.deliver();
    receiver.run_until([&] { return receiver.attempts.size() == 1; });
    CHECK(receiver.attempts[0].status == 0);
    CHECK_FALSE(receiver.attempts[0].problem.empty());
    receiver.aim(port);
    receiver.run_until([&] { return receiver.attempts.back().problem.empty(); });
    CHECK(receiver.got.size() == 1);
  }

  TEST_CASE("while secrets are rotated, either of the two verifies") {
    Receiver receiver{{}};
    receiver.target->secrets.insert(receiver.target->secrets.begin(), Secret{"whsec_bmV3"});
    receiver.deliver();
    receiver.run_until([&] { return receiver.attempts.size() == 1; });
    const auto& headers = receiver.got.at(0).headers;
    const std::string signature{headers.get("webhook-signature")};
    CHECK(signature.find(" v1,") != std::string::npos);
    const openai::WebhookHeaders shown{headers.get("webhook-id"), headers.get("webhook-timestamp"),
                                       signature};
    for (const std::string secret : {"whsec_bmV3", test_secret.c_str()}) {
      CHECK(openai::verify_webhook({Secret{secret}}, shown, receiver.got[0].body,
                                   std::stoll(std::string{shown.timestamp})));
    }
  }

  TEST_CASE("an endpoint that was deleted gets nothing more") {
    Receiver receiver{{500, 500, 500}};
    receiver.deliver();
    receiver.run_until([&] { return receiver.attempts.size() == 1; });
    receiver.target.reset();
    receiver.server.reset();
    receiver.context.run();  // returns: nothing is left to wait for
    CHECK(receiver.attempts.size() == 1);
  }

  TEST_CASE("gives up at once when it is stopped") {
    Receiver receiver{{500}};
    WebhookSender slow{receiver.context.get_executor(), {}, {.delays = {1h}}};
    int attempts = 0;
    slow.deliver({"wh_1", "{}", [&] { return receiver.target; }},
                 [&](const DeliveryAttempt&) { ++attempts; });
    receiver.run_until([&] { return attempts == 1; });
    slow.stop();
    receiver.server.reset();
    receiver.context.run();  // returns: nothing is left to wait for
    CHECK(attempts == 1);
  }
}

}  // namespace
}  // namespace offhook::sim
