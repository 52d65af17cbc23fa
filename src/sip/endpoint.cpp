#include "sip/endpoint.hpp"

#include <future>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "sip/call_impl.hpp"
#include "sip/loop_impl.hpp"
#include "sip/outbox.hpp"
#include "sip/stack.hpp"

namespace offhook::sip {
namespace asio = boost::asio;
namespace {

/// For goodbyes that nobody waits for any more.
constexpr std::chrono::milliseconds abandoned_limit{200};

/// Numbers of outgoing calls; those of incoming ones count up from 1, on the SIP thread.
constexpr std::uint64_t first_outgoing = std::uint64_t{1} << 63U;

/// Runs `start` on the SIP thread and waits for what it returns: a few system calls.
Result<> run_on(Loop& loop, const std::function<Result<>()>& start) {
  std::promise<Result<>> promise;
  auto outcome = promise.get_future();
  if (!loop.post([&] { promise.set_value(start()); })) {
    return fail(Errc::internal, "sip: the SIP thread has ended");
  }
  return outcome.get();
}

}  // namespace

class Endpoint::Impl : public std::enable_shared_from_this<Endpoint::Impl> {
 public:
  Impl(Loop& sip_loop, const asio::any_io_executor& executor)
      : loop{sip_loop.impl()},
        stack{std::make_shared<Stack>(sip_loop.impl())},
        control{executor},
        outbox{std::make_shared<Outbox>(executor)},
        released{executor, asio::steady_timer::time_point::max()} {}

  [[nodiscard]] Call make_call(std::uint64_t id, const std::shared_ptr<Mailbox>& mailbox);
  [[nodiscard]] Stack::OnArrival announce();
  [[nodiscard]] Stack::OnMessage tell(const OnWireMessage& on_message) const;
  [[nodiscard]] asio::awaitable<void> close(std::chrono::milliseconds limit);

  std::shared_ptr<Loop::Impl> loop;
  std::shared_ptr<Stack> stack;
  asio::any_io_executor control;
  std::shared_ptr<Outbox> outbox;
  std::function<void(IncomingCall)> on_incoming;
  asio::steady_timer released;  ///< Never expires; cancelled once the stack is gone.
  bool is_released = false;
  std::uint64_t next_id = first_outgoing;
};

Call Endpoint::Impl::make_call(std::uint64_t id, const std::shared_ptr<Mailbox>& mailbox) {
  auto call = std::make_shared<Call::Impl>(control, loop, stack, id);
  mailbox->call = call;
  return Call{std::move(call)};
}

/// Called on the SIP thread; the task runs on the control thread before any event of the call.
Stack::OnArrival Endpoint::Impl::announce() {
  return [self = weak_from_this(), box = outbox](Arrival arrival) {
    auto mailbox = std::make_shared<Mailbox>();
    box->post([self, mailbox, arrival = std::move(arrival)]() mutable {
      const auto alive = self.lock();
      if (alive == nullptr) {
        return;
      }
      IncomingCall incoming{alive->make_call(arrival.id, mailbox), std::move(arrival.request_user),
                            std::move(arrival.headers), std::move(arrival.sdp),
                            std::move(arrival.transport)};
      mailbox->call.lock()->call_id = arrival.call_id;
      alive->on_incoming(std::move(incoming));
    });
    return deliver_to(box, std::move(mailbox));
  };
}

/// Called on the SIP thread, in the order of the wire.
Stack::OnMessage Endpoint::Impl::tell(const OnWireMessage& on_message) const {
  if (!on_message) {
    return {};
  }
  return [box = outbox, on_message](WireMessage message) {
    box->post([on_message, message = std::move(message)] { on_message(message); });
  };
}

asio::awaitable<void> Endpoint::Impl::close(std::chrono::milliseconds limit) {
  const auto self = shared_from_this();
  const bool posted = loop->post([stack = stack, limit, box = outbox, weak = weak_from_this()] {
    stack->close(limit, [box, weak] {
      box->post([weak] {
        if (const auto alive = weak.lock()) {
          alive->is_released = true;
          alive->released.cancel();
        }
      });
    });
  });
  while (posted && !self->is_released) {
    const auto [ignored] = co_await self->released.async_wait(asio::as_tuple(asio::use_awaitable));
    static_cast<void>(ignored);
  }
}

Endpoint::Endpoint(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}

Endpoint::~Endpoint() {
  impl_->outbox->close();
  static_cast<void>(
      impl_->loop->post([stack = impl_->stack] { stack->close(abandoned_limit, nullptr); }));
}

Result<std::unique_ptr<Endpoint>> Endpoint::start_client(Loop& loop,
                                                         const asio::any_io_executor& control,
                                                         TlsClientConfig config) {
  auto impl = std::make_shared<Impl>(loop, control);
  auto started = run_on(loop, [&] {
    impl->stack->set_tap(impl->tell(config.on_message));
    return impl->stack->start_client(config);
  });
  if (!started) {
    return fail(std::move(started).error());
  }
  return std::unique_ptr<Endpoint>{new Endpoint{std::move(impl)}};
}

Result<std::unique_ptr<Endpoint>> Endpoint::start_server(
    Loop& loop,
    const asio::any_io_executor& control,
    ServerConfig config,
    ServerQuirks quirks,
    std::function<void(IncomingCall)> on_incoming) {
  auto impl = std::make_shared<Impl>(loop, control);
  impl->on_incoming = std::move(on_incoming);
  auto started = run_on(loop, [&] {
    impl->stack->set_tap(impl->tell(config.on_message));
    return impl->stack->start_server(config, quirks, impl->announce());
  });
  if (!started) {
    return fail(std::move(started).error());
  }
  return std::unique_ptr<Endpoint>{new Endpoint{std::move(impl)}};
}

Call Endpoint::invite(InviteOptions options) {
  const std::uint64_t id = impl_->next_id++;
  auto mailbox = std::make_shared<Mailbox>();
  Call call = impl_->make_call(id, mailbox);
  EventSink events = deliver_to(impl_->outbox, mailbox);
  const bool posted =
      impl_->loop->post([stack = impl_->stack, id, events, options = std::move(options)]() mutable {
        stack->invite(id, std::move(options), events);
      });
  if (!posted) {
    CallEvent event;
    event.kind = CallEvent::Kind::failed;
    event.error = Error{Errc::internal, "sip: the SIP thread has ended"};
    events(std::move(event), {});
  }
  return call;
}

asio::awaitable<void> Endpoint::close(std::chrono::milliseconds limit) {
  return impl_->close(limit);
}

std::uint16_t Endpoint::tls_port() const noexcept { return impl_->stack->tls_port(); }
std::uint16_t Endpoint::udp_port() const noexcept { return impl_->stack->udp_port(); }

}  // namespace offhook::sip
