#include "call/incoming_calls.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace offhook::call {

namespace asio = boost::asio;

void IncomingCalls::expect(const std::string& id) {
  expected_.try_emplace(id, std::make_shared<Expected>(executor_));
}

void IncomingCalls::forget(const std::string& id) {
  const auto found = expected_.find(id);
  if (found != expected_.end()) {
    found->second->arrived.cancel();
    expected_.erase(found);
  }
}

bool IncomingCalls::deliver(openai::RealtimeCallIncoming event) {
  const auto found =
      expected_.find(std::string{openai::sip_header(event.sip_headers, call_header)});
  if (found == expected_.end()) {
    return false;
  }
  found->second->event = std::move(event);
  found->second->arrived.cancel();
  return true;
}

asio::awaitable<openai::RealtimeCallIncoming> IncomingCalls::wait_for(std::string id) {
  expect(id);
  const std::shared_ptr<Expected> expected = expected_.at(id);
  if (!expected->event) {
    co_await expected->arrived.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  if (!expected->event) {
    throw boost::system::system_error{asio::error::operation_aborted};
  }
  co_return *expected->event;
}

}  // namespace offhook::call
