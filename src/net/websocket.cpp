#include "net/websocket.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/printable.hpp"
#include "base/race.hpp"
#include "net/as_result.hpp"
#include "net/connect.hpp"
#include "net/http_codec.hpp"
#include "net/websocket_accept.hpp"
#include "net/websocket_core.hpp"

namespace offhook::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

namespace {

constexpr std::chrono::seconds close_limit{2};
/// Half of it after the last frame a ping goes out; all of it without any frame ends the
/// connection.
constexpr std::chrono::seconds silence_limit{40};
constexpr std::size_t max_server_message_bytes = 16U << 20U;
constexpr std::size_t max_inbox_messages = 1024;
constexpr std::size_t max_inbox_bytes = 16U << 20U;
/// What a client masks at a time, and what a reader keeps: both are there for as long as the
/// socket.
constexpr std::size_t buffer_bytes = 4U << 10U;

constexpr std::size_t longest_reason = 123;  // RFC 6455 section 5.5

constexpr int close_code_unsupported = 1003;  // RFC 6455 section 7.4.1
constexpr int close_code_none = 1005;
constexpr int close_code_abnormal = 1006;
constexpr int close_code_too_big = 1009;

Error dropped(std::string why) {
  return Error{Errc::peer_closed, "WebSocket dropped: " + std::move(why), close_code_abnormal};
}

}  // namespace

// Beast finds these two by the type of the stream.

void beast_close_socket(Stream& stream) { stream.cut(); }

template <class Handler>
void async_teardown(beast::role_type /*role*/, Stream& stream, Handler&& handler) {
  stream.start_finish(std::forward<Handler>(handler));
}

WebSocketCore::WebSocketCore(Stream stream, std::size_t max_message_bytes)
    : socket_{Stream{stream}},
      transport_{std::move(stream)},
      inbox_changed_{transport_.get_executor()},
      outbox_changed_{transport_.get_executor()} {
  socket_.read_message_max(max_message_bytes);
  socket_.write_buffer_bytes(buffer_bytes);
  socket_.auto_fragment(false);
  socket_.text(true);
}

void WebSocketCore::start() {
  const auto guard = [self = shared_from_this()](const std::exception_ptr& failure) {
    if (failure) {
      self->end(dropped("internal failure"));
    }
  };
  asio::co_spawn(transport_.get_executor(), read_loop(shared_from_this()), guard);
  asio::co_spawn(transport_.get_executor(), write_loop(shared_from_this()), guard);
}

bool WebSocketCore::inbox_full() const noexcept {
  return inbox_.size() >= max_inbox_messages || inbox_bytes_ >= max_inbox_bytes;
}

void WebSocketCore::deliver(Result<std::string> message) {
  inbox_bytes_ += message ? message->size() : 0;
  inbox_.push_back(std::move(message));
  inbox_changed_.notify();
}

void WebSocketCore::end(Error why) noexcept {
  if (!ended_) {
    ended_ = std::move(why);
  }
  transport_.cut();
  inbox_changed_.notify();
  outbox_changed_.notify();
}

void WebSocketCore::drop() noexcept { end(dropped("by this side")); }

asio::awaitable<void> WebSocketCore::read_loop(std::shared_ptr<WebSocketCore> self) {
  beast::flat_buffer buffer;
  while (!self->ended_) {
    if (self->inbox_full()) {
      co_await self->inbox_changed_.wait();
      continue;
    }
    const auto [failure, bytes] = co_await self->socket_.async_read(buffer, as_result);
    if (failure) {
      self->on_read_failure(failure);
      co_return;
    }
    if (self->socket_.got_text()) {
      const auto data = buffer.cdata();
      self->deliver(std::string{static_cast<const char*>(data.data()), data.size()});
    } else {
      self->deliver(fail(Errc::malformed_message, "binary WebSocket message; only text is expected",
                         close_code_unsupported));
    }
    buffer.consume(buffer.size());
    if (buffer.capacity() > buffer_bytes) {
      buffer.shrink_to_fit();
    }
  }
}

void WebSocketCore::on_read_failure(const boost::system::error_code& failure) {
  if (failure == websocket::error::closed) {
    const auto& reason = socket_.reason();
    const int code = reason.code == websocket::close_code::none ? close_code_none : reason.code;
    end({Errc::peer_closed,
         "WebSocket closed with " + std::to_string(code) +
             (reason.reason.empty() ? "" : ": " + printable(reason.reason.c_str(), longest_reason)),
         code});
  } else if (failure == websocket::error::message_too_big) {
    deliver(fail(Errc::overloaded, "WebSocket message exceeds the size limit", close_code_too_big));
    end({Errc::peer_closed, "WebSocket closed by us: message too big", close_code_too_big});
  } else if (failure == websocket::condition::protocol_violation) {
    const int code = failure == websocket::error::bad_frame_payload
                         ? websocket::close_code::bad_payload
                         : websocket::close_code::protocol_error;
    const std::string why = "malformed WebSocket frame: " + failure.message();
    deliver(fail(Errc::malformed_message, why, code));
    end({Errc::peer_closed, "WebSocket closed by us: " + why, code});
  } else if (failure == beast::error::timeout) {
    end(dropped("no sign of life for " + std::to_string(silence_limit.count()) + " s"));
  } else {
    end(dropped(failure.message()));
  }
}

asio::awaitable<void> WebSocketCore::write_loop(std::shared_ptr<WebSocketCore> self) {
  while (!self->ended_) {
    if (self->outbox_.empty()) {
      co_await self->outbox_changed_.wait();
      continue;
    }
    const auto item = self->outbox_.front();
    boost::system::error_code failure;
    if (item->close) {
      const auto [closed] = co_await self->socket_.async_close(*item->close, as_result);
      failure = closed;
    } else if (item->raw) {
      const auto bytes = asio::buffer(item->text);
      const auto [unsent, size] = co_await asio::async_write(self->transport_, bytes, as_result);
      failure = unsent;
    } else {
      const auto text = asio::buffer(item->text);
      const auto [unsent, bytes] = co_await self->socket_.async_write(text, as_result);
      failure = unsent;
    }
    self->outbox_.pop_front();
    item->outcome = failure ? Result<>{fail(dropped(failure.message()))} : Result<>{};
    item->done.notify();
  }
  for (const auto& item : std::exchange(self->outbox_, {})) {
    item->outcome = fail(*self->ended_);
    item->done.notify();
  }
}

asio::awaitable<Result<std::string>> WebSocketCore::receive(std::shared_ptr<WebSocketCore> self) {
  while (self->inbox_.empty() && !self->ended_) {
    co_await self->inbox_changed_.wait();
  }
  if (self->inbox_.empty()) {
    co_return fail(*self->ended_);
  }
  auto message = std::move(self->inbox_.front());
  self->inbox_.pop_front();
  self->inbox_bytes_ -= message ? message->size() : 0;
  self->inbox_changed_.notify();  // the reader may be waiting for room
  co_return std::move(message);
}

asio::awaitable<Result<>> WebSocketCore::wait_until_written(std::shared_ptr<WebSocketCore> self,
                                                            std::shared_ptr<Outgoing> item) {
  while (!item->outcome) {
    co_await item->done.wait();
  }
  auto outcome = std::move(*item->outcome);
  if (!outcome && self->ended_) {
    co_return fail(*self->ended_);
  }
  co_return outcome;
}

asio::awaitable<Result<>> WebSocketCore::send(std::shared_ptr<WebSocketCore> self,
                                              std::string text,
                                              bool raw) {
  if (self->ended_) {
    co_return fail(*self->ended_);
  }
  auto item = std::make_shared<Outgoing>(self->transport_.get_executor());
  item->text = std::move(text);
  item->raw = raw;
  self->outbox_.push_back(item);
  self->outbox_changed_.notify();
  auto sent = co_await wait_until_written(self, item);
  co_return sent;
}

asio::awaitable<void> WebSocketCore::close(std::shared_ptr<WebSocketCore> self,
                                           int code,
                                           std::string reason) {
  if (self->ended_) {
    co_return;
  }
  auto item = std::make_shared<Outgoing>(self->transport_.get_executor());
  const auto wire_code = static_cast<websocket::close_code>(code);
  item->close.emplace(wire_code, beast::string_view{reason}.substr(0, 123));
  self->outbox_.push_back(item);
  self->outbox_changed_.notify();
  const auto closed = co_await with_timeout(wait_until_written(self, item), close_limit);
  self->end({Errc::peer_closed,
             closed ? "WebSocket closed" : "WebSocket closed without the peer's answer", code});
}

/// Owner's end: cuts the connection when it goes.
class WebSocket::Impl {
 public:
  explicit Impl(std::shared_ptr<WebSocketCore> shared) : core{std::move(shared)} {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { core->drop(); }

  std::shared_ptr<WebSocketCore> core;
};

WebSocket::WebSocket(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
WebSocket::WebSocket(WebSocket&&) noexcept = default;
WebSocket& WebSocket::operator=(WebSocket&&) noexcept = default;
WebSocket::~WebSocket() = default;

asio::awaitable<Result<std::string>> WebSocket::receive() {
  return WebSocketCore::receive(impl_->core);
}

asio::awaitable<Result<>> WebSocket::send(std::string text) {
  return WebSocketCore::send(impl_->core, std::move(text));
}

asio::awaitable<Result<>> WebSocket::send_raw(std::string bytes) {
  return WebSocketCore::send(impl_->core, std::move(bytes), true);
}

asio::awaitable<void> WebSocket::close(int code, std::string reason) {
  return WebSocketCore::close(impl_->core, code, std::move(reason));
}

void WebSocket::drop() noexcept { impl_->core->drop(); }

namespace {

websocket::stream_base::timeout limits(std::chrono::milliseconds handshake) {
  return {handshake, silence_limit, true};
}

Error refusal(const Url& url, const websocket::response_type& answer) {
  const int status = static_cast<int>(answer.result_int());
  return Error{Errc::refused,
               origin(url) + ": WebSocket refused with " + std::to_string(status) + " " +
                   reason_phrase(status),
               status};
}

HttpResponse plain(websocket::response_type answer) {
  HttpResponse response;
  response.status = static_cast<int>(answer.result_int());
  for (const auto& field : answer) {
    response.headers.add(std::string{field.name_string()}, std::string{field.value()});
  }
  response.body = std::move(answer.body());
  return response;
}

asio::awaitable<Result<std::shared_ptr<WebSocketCore>>> open(Url url,
                                                             WebSocketOptions options,
                                                             Stage stage) {
  if (auto good = check_headers(options.headers); !good) {
    co_return fail(std::move(good).error().with(origin(url)));
  }
  auto stream = co_await connect(url, options.tls, stage);
  if (!stream) {
    co_return fail(std::move(stream).error());
  }
  *stage = "waiting for the answer to the upgrade";
  auto core = std::make_shared<WebSocketCore>(std::move(*stream), options.max_message_bytes);
  auto& socket = core->socket();
  socket.set_option(limits(options.timeout));
  socket.set_option(websocket::stream_base::decorator{
      [headers = options.headers](websocket::request_type& request) {
        for (const auto& [name, value] : headers) {
          request.insert(name, value);
        }
      }});
  websocket::response_type answer;
  const std::string host = url.authority();
  const auto [failure] = co_await socket.async_handshake(answer, host, url.target, as_result);
  if (failure == websocket::error::upgrade_declined) {
    Error refused = refusal(url, answer);
    if (options.refusal) {
      *options.refusal = plain(std::move(answer));
    }
    co_return fail(std::move(refused));
  }
  if (failure && failure.category() == boost::system::system_category()) {
    co_return fail(Errc::unreachable, origin(url) + ": " + failure.message());
  }
  if (failure) {
    co_return fail(Errc::malformed_message,
                   origin(url) + ": no proper answer to the upgrade: " + failure.message());
  }
  co_return std::move(core);
}

}  // namespace

asio::awaitable<Result<WebSocket>> connect_websocket(Url url, WebSocketOptions options) {
  const auto stage = std::make_shared<std::string_view>("starting");
  const std::string where = origin(url);
  const auto timeout = options.timeout;
  auto opened = co_await with_timeout(open(std::move(url), std::move(options), stage), timeout);
  if (!opened && opened.error().code == Errc::timed_out) {
    co_return timed_out(where, timeout, stage);
  }
  if (!opened) {
    co_return fail(std::move(opened).error());
  }
  (*opened)->start();
  co_return WebSocket{std::make_unique<WebSocket::Impl>(std::move(*opened))};
}

bool is_websocket_upgrade(const HttpRequest& request) {
  return http::token_list{request.headers.get("Upgrade")}.exists("websocket") &&
         http::token_list{request.headers.get("Connection")}.exists("upgrade");
}

asio::awaitable<Result<WebSocket>> accept_websocket(Stream stream,
                                                    HttpRequest request,
                                                    std::chrono::milliseconds timeout) {
  auto core = std::make_shared<WebSocketCore>(std::move(stream), max_server_message_bytes);
  auto& socket = core->socket();
  socket.set_option(limits(timeout));
  socket.set_option(websocket::stream_base::decorator{
      [](websocket::response_type& response) { response.set(http::field::server, "offhook"); }});
  http::request<http::empty_body> upgrade;
  upgrade.method_string(request.method);
  upgrade.target(request.target);
  upgrade.version(11);
  for (const auto& [name, value] : request.headers) {
    upgrade.insert(name, value);
  }
  const auto [failure] = co_await socket.async_accept(upgrade, as_result);
  if (failure) {
    co_return fail(Errc::malformed_message, "WebSocket upgrade: " + failure.message(), 400);
  }
  core->start();
  co_return WebSocket{std::make_unique<WebSocket::Impl>(std::move(core))};
}

}  // namespace offhook::net
