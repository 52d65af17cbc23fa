#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "sip/call_impl.hpp"
#include "sip/endpoint.hpp"
#include "sip/loop_impl.hpp"
#include "sip/outbox.hpp"
#include "sip/stack.hpp"

namespace offhook::sip {
namespace asio = boost::asio;

EventSink deliver_to(std::shared_ptr<Outbox> outbox, std::shared_ptr<Mailbox> mailbox) {
  return [outbox = std::move(outbox), mailbox = std::move(mailbox)](CallEvent event,
                                                                    const std::string& call_id) {
    outbox->post([mailbox, event = std::move(event), call_id]() mutable {
      if (const auto call = mailbox->call.lock()) {
        call->deliver(std::move(event), call_id);
      }
    });
  };
}

Call::Impl::Impl(const asio::any_io_executor& control,
                 std::shared_ptr<Loop::Impl> loop,
                 std::shared_ptr<Stack> stack,
                 std::uint64_t id)
    : loop_{std::move(loop)},
      stack_{std::move(stack)},
      id_{id},
      arrival_{control, asio::steady_timer::time_point::max()} {}

Call::Impl::~Impl() {
  if (!ended_) {
    post([](Session& session) { session.hang_up(); });
  }
}

void Call::Impl::post(std::function<void(Session&)> task) {
  static_cast<void>(loop_->post([stack = stack_, id = id_, task = std::move(task)] {
    if (Session* session = stack->find(id)) {
      task(*session);
    }
  }));
}

void Call::Impl::deliver(CallEvent event, const std::string& id) {
  if (!id.empty()) {
    call_id = id;
  }
  events_.push_back(std::move(event));
  arrival_.cancel();
}

asio::awaitable<CallEvent> Call::Impl::next_event() {
  while (events_.empty() && !ended_) {
    const auto [ignored] = co_await arrival_.async_wait(asio::as_tuple(asio::use_awaitable));
    static_cast<void>(ignored);
    // An event must not be lost to somebody who has stopped waiting for it.
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
      throw boost::system::system_error{asio::error::operation_aborted};
    }
  }
  CallEvent event;
  event.kind = CallEvent::Kind::closed;
  if (!events_.empty()) {
    event = std::move(events_.front());
    events_.pop_front();
  }
  ended_ = ended_ || event.kind == CallEvent::Kind::closed || event.kind == CallEvent::Kind::failed;
  co_return event;
}

Call::Call(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}
Call::Call(Call&&) noexcept = default;
Call& Call::operator=(Call&&) noexcept = default;
Call::~Call() = default;

asio::awaitable<CallEvent> Call::next_event() { return impl_->next_event(); }

void Call::trying() {
  impl_->post([](Session& session) { session.trying(); });
}

void Call::ignore() {
  impl_->post([](Session& session) { session.ignore(); });
}

void Call::forget() {
  impl_->post([](Session& session) { session.forget(); });
}

void Call::ring() {
  impl_->post([](Session& session) { session.ring(); });
}

void Call::reject(int status, std::string reason) {
  impl_->post(
      [status, reason = std::move(reason)](Session& session) { session.reject(status, reason); });
}

void Call::answer(std::string sdp,
                  MediaCapabilities capabilities,
                  NegotiatedMedia media,
                  ServerQuirks quirks) {
  impl_->post([sdp = std::move(sdp), capabilities = std::move(capabilities),
               media = std::move(media),
               quirks](Session& session) { session.answer(sdp, capabilities, media, quirks); });
}

void Call::set_media(MediaCapabilities capabilities, NegotiatedMedia media) {
  impl_->post([capabilities = std::move(capabilities), media = std::move(media)](Session& session) {
    session.set_media(capabilities, media);
  });
}

void Call::hang_up() {
  impl_->post([](Session& session) { session.hang_up(); });
}

void Call::refer(std::string refer_to) {
  impl_->post([target = std::move(refer_to)](Session& session) { session.refer(target); });
}

const std::string& Call::call_id() const noexcept { return impl_->call_id; }

}  // namespace offhook::sip
