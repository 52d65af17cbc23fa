#include "call/incoming_calls.hpp"

#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include "base/race.hpp"

namespace asio = boost::asio;
using namespace std::chrono_literals;
using offhook::agent::PendingCall;
using offhook::call::IncomingCalls;
using Delivered = IncomingCalls::Delivered;

namespace {

PendingCall webhook(const char* id, const char* header) {
  PendingCall call;
  call.id = id;
  call.sip_headers = {{"Via", "x"}, {"x-offhook-call", header}};  // spelling may vary on the way
  return call;
}

/// What `wait_for(id)` returns once the loop has run dry.
std::optional<std::string> wait(asio::io_context& context,
                                IncomingCalls& incoming,
                                const char* id) {
  std::optional<std::string> call_id;
  asio::co_spawn(context, incoming.wait_for(id),
                 [&](const std::exception_ptr& failure, const PendingCall& call) {
                   if (!failure) {
                     call_id = call.id;
                   }
                 });
  context.run();
  context.restart();
  return call_id;
}

/// Runs `action` once a coroutine spawned after this call has begun to wait.
template <class Action>
void after_start(asio::io_context& context, Action action) {
  asio::post(context, [&context, action] { asio::post(context, action); });
}

}  // namespace

TEST_SUITE("IncomingCalls") {
  TEST_CASE("gives a webhook to the call whose header it carries, also when it came first") {
    asio::io_context context;
    IncomingCalls incoming{context.get_executor()};
    incoming.expect("a");
    incoming.expect("b");
    CHECK(incoming.deliver(webhook("rtc_b", "b")) == Delivered::taken);
    CHECK(incoming.deliver(webhook("rtc_a", "a")) == Delivered::taken);
    CHECK(wait(context, incoming, "a") == "rtc_a");
    CHECK(wait(context, incoming, "b") == "rtc_b");
  }

  TEST_CASE("leaves the offer to the other API alone") {
    asio::io_context context;
    IncomingCalls incoming{context.get_executor()};
    incoming.expect("a", offhook::agent::Api::live);
    CHECK(incoming.deliver(webhook("rtc_a", "a")) == Delivered::other_api);
    PendingCall live = webhook("live_a", "a");
    live.api = offhook::agent::Api::live;
    CHECK(incoming.deliver(live) == Delivered::taken);
    CHECK(wait(context, incoming, "a") == "live_a");
  }

  TEST_CASE("wakes a call that waits already") {
    asio::io_context context;
    IncomingCalls incoming{context.get_executor()};
    after_start(context,
                [&] { CHECK(incoming.deliver(webhook("rtc_late", "c")) == Delivered::taken); });
    CHECK(wait(context, incoming, "c") == "rtc_late");
  }

  TEST_CASE("refuses the webhooks of strangers and of forgotten calls") {
    asio::io_context context;
    IncomingCalls incoming{context.get_executor()};
    CHECK(incoming.deliver(webhook("rtc_x", "never announced")) == Delivered::unknown);
    CHECK(incoming.deliver(PendingCall{}) == Delivered::unknown);
    incoming.expect("d");
    incoming.forget("d");
    CHECK(incoming.deliver(webhook("rtc_d", "d")) == Delivered::unknown);
  }

  TEST_CASE("lets a waiting call go when it is forgotten") {
    asio::io_context context;
    IncomingCalls incoming{context.get_executor()};
    after_start(context, [&] { incoming.forget("e"); });
    CHECK(wait(context, incoming, "e") == std::nullopt);
  }
}
