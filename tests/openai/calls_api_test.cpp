#include "openai/calls_api.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "imposter.hpp"

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;
using offhook::Errc;
using offhook::Error;
using offhook::Result;
using offhook::openai::CallsApi;
using offhook::openai::CallsApiOptions;
using namespace offhook::openai::testing;

namespace {

const json::object session{
    {"type", "realtime"}, {"model", "gpt-realtime-2.1"}, {"instructions", "Be brief."}};

/// An API whose own delays are next to nothing, and what it told of its further attempts.
struct Controller {
  explicit Controller(offhook::openai::Provider provider, CallsApiOptions options = quick())
      : api{std::move(provider),
            [this](std::string_view operation, const Error& why, std::chrono::milliseconds delay) {
              retries.push_back(std::string{operation} + " " + std::to_string(why.status));
              delays.push_back(delay);
            },
            options} {}

  static CallsApiOptions quick() {
    CallsApiOptions options;
    options.retry.first_delay = 4ms;
    options.retry.longest_delay = 8ms;
    return options;
  }

  std::vector<std::string> retries;
  std::vector<std::chrono::milliseconds> delays;
  CallsApi api;
};

using Story = std::vector<std::string>;

}  // namespace

TEST_SUITE("calls API") {
  TEST_CASE("accept posts the session as JSON, with the key") {
    asio::io_context context;
    ImposterApi imposter{context, {answer(200)}};
    Controller controller{imposter.provider()};
    CHECK(run(context, controller.api.accept("rtc_u0_1", session)));
    REQUIRE(imposter.requests.size() == 1);
    const auto& request = imposter.requests[0];
    CHECK(request.method == "POST");
    CHECK(request.target == "/v1/realtime/calls/rtc_u0_1/accept");
    CHECK(request.headers.get("authorization") == "Bearer sk-imposter");
    CHECK(request.headers.get("content-type") == "application/json");
    CHECK(json::parse(request.body) == json::value(session));
    CHECK(controller.retries.empty());
  }

  TEST_CASE("takes any 2xx for success") {
    asio::io_context context;
    ImposterApi imposter{context, {answer(204)}};
    Controller controller{imposter.provider()};
    CHECK(run(context, controller.api.accept("rtc_1", session)));
  }

  TEST_CASE("reject and refer post exactly the one field they have, hangup nothing") {
    asio::io_context context;
    ImposterApi imposter{context, {answer(200), answer(200), answer(200)}};
    Controller controller{imposter.provider()};
    CHECK(run(context, controller.api.reject("rtc_1", 486)));
    CHECK(run(context, controller.api.refer("rtc_1", "tel:+14155550123")));
    CHECK(run(context, controller.api.hang_up("rtc_1")));
    REQUIRE(imposter.requests.size() == 3);
    CHECK(imposter.requests[0].target == "/v1/realtime/calls/rtc_1/reject");
    CHECK(imposter.requests[0].body == R"({"status_code":486})");
    CHECK(imposter.requests[1].target == "/v1/realtime/calls/rtc_1/refer");
    CHECK(imposter.requests[1].body == R"({"target_uri":"tel:+14155550123"})");
    CHECK(imposter.requests[2].target == "/v1/realtime/calls/rtc_1/hangup");
    CHECK(imposter.requests[2].body.empty());
    CHECK_FALSE(imposter.requests[2].headers.has("content-type"));
  }

  TEST_CASE("escapes call ids") {
    asio::io_context context;
    ImposterApi imposter{context, {answer(200)}};
    Controller controller{imposter.provider()};
    CHECK(run(context, controller.api.hang_up("rtc a/../b?c#d%\u00e9")));
    REQUIRE(imposter.requests.size() == 1);
    CHECK(imposter.requests[0].target ==
          "/v1/realtime/calls/rtc%20a%2F..%2Fb%3Fc%23d%25%C3%A9/hangup");
  }

  TEST_CASE("quotes the API's code and message, and does not repeat what was refused") {
    asio::io_context context;
    ImposterApi imposter{context, {api_error(401, "invalid_api_key", "Incorrect API key.")}};
    Controller controller{imposter.provider()};
    const auto accepted = run(context, controller.api.accept("rtc_1", session));
    REQUIRE_FALSE(accepted);
    CHECK(accepted.error().detail == "accept: 401 invalid_api_key: Incorrect API key.");
    CHECK(accepted.error().code == Errc::authentication_failed);
    CHECK(accepted.error().status == 401);
    CHECK(imposter.requests.size() == 1);
  }
}

TEST_SUITE("calls API, trying again") {
  TEST_CASE("accept overcomes a 404 that only means: not yet") {
    asio::io_context context;
    ImposterApi imposter{context,
                         {api_error(404, "call_id_not_found", "No session found"), answer(200)}};
    Controller controller{imposter.provider()};
    CHECK(run(context, controller.api.accept("rtc_1", session)));
    CHECK(controller.retries == Story{"accept 404"});
    REQUIRE(imposter.requests.size() == 2);
    CHECK(imposter.requests[0].body == imposter.requests[1].body);
  }

  TEST_CASE("accept believes in a 404 that stays") {
    asio::io_context context;
    const auto missing = api_error(404, "call_id_not_found", "No session found");
    ImposterApi imposter{context, {missing, missing, missing, missing, missing}};
    auto options = Controller::quick();
    options.accept_not_found_window = 1s;
    Controller controller{imposter.provider(), options};
    const auto accepted = run(context, controller.api.accept("rtc_1", session));
    REQUIRE_FALSE(accepted);
    CHECK(accepted.error().detail == "accept: 404 call_id_not_found: No session found");
    CHECK(accepted.error().code == Errc::not_found);
    CHECK(imposter.requests.size() >= 2);
  }

  TEST_CASE("refer does not repeat a 404") {
    asio::io_context context;
    ImposterApi imposter{context, {api_error(404, "call_id_not_found", "No session found")}};
    Controller controller{imposter.provider()};
    CHECK(run(context, controller.api.refer("rtc_1", "tel:+1")).error().status == 404);
    CHECK(imposter.requests.size() == 1);
  }

  TEST_CASE("waits as long as a 429 asks") {
    asio::io_context context;
    ImposterApi imposter{context, {answer(429, {{"retry-after-ms", "3"}}), answer(200)}};
    Controller controller{imposter.provider()};
    CHECK(run(context, controller.api.accept("rtc_1", session)));
    CHECK(controller.retries == Story{"accept 429"});
    CHECK(controller.delays == std::vector{3ms});
  }

  TEST_CASE("succeeds at the third attempt and never makes a fourth") {
    asio::io_context context;
    ImposterApi recovers{context, {answer(500), answer(503), answer(200)}};
    Controller first{recovers.provider()};
    CHECK(run(context, first.api.accept("rtc_1", session)));
    CHECK(first.retries == Story{"accept 500", "accept 503"});

    ImposterApi broken{context, {answer(500), answer(500), answer(502), answer(200)}};
    Controller second{broken.provider()};
    CHECK(run(context, second.api.accept("rtc_1", session)).error().status == 502);
    CHECK(broken.requests.size() == 3);
  }

  TEST_CASE("obeys x-should-retry: false") {
    asio::io_context context;
    ImposterApi imposter{context, {answer(500, {{"x-should-retry", "false"}}), answer(200)}};
    Controller controller{imposter.provider()};
    CHECK(run(context, controller.api.accept("rtc_1", session)).error().status == 500);
    CHECK(imposter.requests.size() == 1);
  }

  TEST_CASE("a refused connection is tried three times, then told") {
    asio::io_context context;
    asio::ip::tcp::acceptor reserved{context, {asio::ip::make_address("127.0.0.1"), 0}};
    offhook::openai::Provider nobody;
    nobody.api_base = "http://127.0.0.1:" + std::to_string(reserved.local_endpoint().port());
    reserved.close();
    Controller controller{nobody};
    const auto accepted = run(context, controller.api.accept("rtc_1", session));
    REQUIRE_FALSE(accepted);
    CHECK(accepted.error().code == Errc::unreachable);
    CHECK(accepted.error().detail.starts_with("accept: "));
    CHECK(controller.retries == Story{"accept 0", "accept 0"});
  }

  TEST_CASE("an attempt without answer is given up after the timeout and made again") {
    asio::io_context context;
    ImposterApi imposter{context, {ScriptedAnswer{.silent = true}, answer(200)}};
    auto options = Controller::quick();
    options.timeout = 1s;  // enough to reach the imposter
    Controller controller{imposter.provider(), options};
    CHECK(run(context, controller.api.accept("rtc_1", session)));
    CHECK(controller.retries == Story{"accept 0"});
    CHECK(imposter.requests.size() == 2);
  }

  TEST_CASE("a decision found made after an unanswered attempt was our own") {
    asio::io_context context;
    const auto decided = api_error(409, "decision_already_made", "Already accepted");
    ImposterApi imposter{context, {ScriptedAnswer{.silent = true}, decided, decided}};
    auto options = Controller::quick();
    options.timeout = 1s;
    Controller controller{imposter.provider(), options};
    CHECK(run(context, controller.api.accept("rtc_1", session)));
    CHECK(run(context, controller.api.accept("rtc_1", session)).error().status == 409);
    CHECK(imposter.requests.size() == 3);
  }
}

TEST_SUITE("calls API, hanging up") {
  TEST_CASE("a call that is over already is success, whatever the status") {
    asio::io_context context;
    for (const int status : {404, 400}) {
      CAPTURE(status);
      ImposterApi imposter{context, {api_error(status, "call_id_not_found", "No session found")}};
      Controller controller{imposter.provider()};
      CHECK(run(context, controller.api.hang_up("rtc_1")));
      CHECK(imposter.requests.size() == 1);
    }
  }

  TEST_CASE("a 404 for another reason is an error") {
    asio::io_context context;
    ImposterApi imposter{context, {answer(404)}};
    Controller controller{imposter.provider()};
    CHECK(run(context, controller.api.hang_up("rtc_1")).error().status == 404);
  }
}
