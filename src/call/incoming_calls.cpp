#include "call/incoming_calls.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace offhook::call {

namespace asio = boost::asio;

void IncomingCalls::expect(const std::string& id, agent::Api api) {
  expected_.try_emplace(id, std::make_shared<Expected>(executor_, api));
}

void IncomingCalls::forget(const std::string& id) {
  const auto found = expected_.find(id);
  if (found != expected_.end()) {
    found->second->arrived.cancel();
    expected_.erase(found);
  }
}

IncomingCalls::Delivered IncomingCalls::deliver(agent::PendingCall call) {
  const auto found = expected_.find(std::string{openai::sip_header(call.sip_headers, call_header)});
  if (found == expected_.end()) {
    return Delivered::unknown;
  }
  if (found->second->api != call.api) {
    return Delivered::other_api;
  }
  found->second->call = std::move(call);
  found->second->arrived.cancel();
  return Delivered::taken;
}

asio::awaitable<agent::PendingCall> IncomingCalls::wait_for(std::string id) {
  expect(id);
  const std::shared_ptr<Expected> expected = expected_.at(id);
  if (!expected->call) {
    co_await expected->arrived.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  if (!expected->call) {
    throw boost::system::system_error{asio::error::operation_aborted};
  }
  co_return *expected->call;
}

}  // namespace offhook::call
