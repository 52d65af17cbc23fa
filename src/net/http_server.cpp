#include "net/http_server.hpp"

#include <array>
#include <exception>
#include <list>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/race.hpp"
#include "net/as_result.hpp"
#include "net/http_codec.hpp"
#include "net/stream.hpp"
#include "net/websocket_accept.hpp"

namespace offhook::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::chrono::milliseconds pause_after_accept_failure{100};

/// A running connection, as the server sees it.
struct Connection {
  explicit Connection(Stream its_stream) : stream{std::move(its_stream)} {}

  Stream stream;
  asio::cancellation_signal cancel;
};

HttpResponse empty_response(int status) {
  HttpResponse response;
  response.status = status;
  return response;
}

Result<std::string> serialise_head(const HttpHeaders& headers) {
  if (const auto good = check_headers(headers); !good) {
    return fail(good.error());
  }
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (const HttpHeader& field : headers) {
    head.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  return head + "Connection: close\r\n\r\n";
}

asio::awaitable<bool> write_body(StreamedAnswer answer, HttpBodyWriter writer) {
  co_await answer.body(std::move(writer));
  co_return true;
}

asio::awaitable<bool> until_gone(Stream stream) {
  std::array<char, 256> ignored{};
  for (;;) {
    const auto received = co_await stream.read_some(asio::buffer(ignored));
    if (received.error) {
      co_return false;
    }
  }
}

asio::awaitable<Result<>> write_bytes(Stream stream, std::string bytes) {
  const auto failure = co_await stream.write_all(bytes);
  if (failure) {
    co_return fail(Errc::peer_closed, failure.message());
  }
  co_return Result<>{};
}

}  // namespace

asio::awaitable<Result<>> HttpBodyWriter::write(std::string bytes) {
  co_return co_await with_timeout(write_bytes(stream_, std::move(bytes)), limit_);
}

/// Shared by the owner and by every connection, so that what still runs after `stop` is safe.
class HttpServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(tcp::acceptor acceptor, HttpServerOptions options, HttpHandlers handlers)
      : acceptor_{std::move(acceptor)},
        options_{std::move(options)},
        handlers_{std::move(handlers)},
        port_{acceptor_.local_endpoint().port()} {}

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::uint64_t malformed() const noexcept { return malformed_; }

  void start();
  void stop();

 private:
  using Self = std::shared_ptr<Impl>;
  using Link = std::shared_ptr<Connection>;
  enum class After { keep_open, close };

  static asio::awaitable<void> accept_loop(Self self);
  void add_connection(tcp::socket socket);
  static asio::awaitable<void> serve(Self self, Link link);
  static asio::awaitable<After> serve_one(Self self, Link link, std::string& buffered);
  static asio::awaitable<After> answer(Self self, Link link, HttpRequest request, bool keep_alive);
  static asio::awaitable<After> stream(Self self, Link link, StreamedAnswer answer);
  static asio::awaitable<After> upgrade(
      Self self, Link link, HttpRequest request, std::string& buffered, bool keep_alive);
  static asio::awaitable<After> respond(
      Self self, Link link, HttpResponse response, bool keep_alive, bool body);
  static asio::awaitable<Result<>> receive(Stream stream,
                                           HttpParser& parser,
                                           std::string& buffered);

  tcp::acceptor acceptor_;
  const HttpServerOptions options_;
  const HttpHandlers handlers_;
  const std::uint16_t port_;
  std::list<Link> connections_;
  std::uint64_t malformed_ = 0;
  asio::cancellation_signal cancel_accept_;
  bool stopped_ = false;
};

void HttpServer::Impl::start() {
  // The signal is a member: it must outlive the coroutine that listens to it.
  const auto ignore = [self = shared_from_this()](const std::exception_ptr&) {};
  asio::co_spawn(acceptor_.get_executor(), accept_loop(shared_from_this()),
                 asio::bind_cancellation_slot(cancel_accept_.slot(), ignore));
}

void HttpServer::Impl::stop() {
  if (std::exchange(stopped_, true)) {
    return;
  }
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  cancel_accept_.emit(asio::cancellation_type::terminal);
  for (const auto& link : std::list<Link>{connections_}) {
    link->stream.cut();
    link->cancel.emit(asio::cancellation_type::terminal);
  }
}

asio::awaitable<void> HttpServer::Impl::accept_loop(Self self) {
  while (!self->stopped_) {
    auto [failure, socket] = co_await self->acceptor_.async_accept(as_result);
    if (self->stopped_) {
      co_return;
    }
    if (!failure) {
      self->add_connection(std::move(socket));
      continue;
    }
    // Mostly: out of file descriptors. Running connections will give some back.
    asio::steady_timer pause{self->acceptor_.get_executor(), pause_after_accept_failure};
    co_await pause.async_wait(asio::use_awaitable);
  }
}

void HttpServer::Impl::add_connection(tcp::socket socket) {
  if (connections_.size() >= options_.max_connections) {
    return;  // closes it
  }
  auto link = std::make_shared<Connection>(Stream{std::move(socket), options_.tls});
  const auto position = connections_.insert(connections_.end(), link);
  auto ended = [self = shared_from_this(), link, position](const std::exception_ptr&) {
    link->stream.cut();
    self->connections_.erase(position);
  };
  asio::co_spawn(acceptor_.get_executor(), serve(shared_from_this(), link),
                 asio::bind_cancellation_slot(link->cancel.slot(), std::move(ended)));
}

asio::awaitable<void> HttpServer::Impl::serve(Self self, Link link) {
  if (self->options_.tls) {
    const auto secured =
        co_await with_timeout(link->stream.server_handshake(), self->options_.idle_timeout);
    if (!secured) {
      co_return;
    }
  }
  std::string buffered;
  auto after = After::keep_open;
  while (after == After::keep_open && !self->stopped_) {
    after = co_await serve_one(self, link, buffered);
  }
}

asio::awaitable<HttpServer::Impl::After> HttpServer::Impl::serve_one(Self self,
                                                                     Link link,
                                                                     std::string& buffered) {
  const HttpLimits limits{self->options_.max_header_bytes, self->options_.max_body_bytes};
  HttpParser parser{HttpParser::Kind::request, limits};
  auto received =
      co_await with_timeout(receive(link->stream, parser, buffered), self->options_.idle_timeout);
  if (!received) {
    const auto& error = received.error();
    int status = error.status;
    if (error.code == Errc::timed_out && (parser.started() || !buffered.empty())) {
      status = 408;
    }
    self->malformed_ += error.code == Errc::malformed_message ? 1U : 0U;
    if (status == 0) {
      co_await link->stream.finish();
      co_return After::close;
    }
    const auto refused = co_await respond(self, link, empty_response(status), false, true);
    co_return refused;
  }
  const bool keep_alive = parser.keep_alive();
  auto request = parser.take_request();
  request.peer = link->stream.peer();
  if (is_websocket_upgrade(request)) {
    const auto after = co_await upgrade(self, link, std::move(request), buffered, keep_alive);
    co_return after;
  }
  if (self->handlers_.stream) {
    if (auto streamed = self->handlers_.stream(request)) {
      const auto after = co_await stream(self, link, std::move(*streamed));
      co_return after;
    }
  }
  const auto after = co_await answer(self, link, std::move(request), keep_alive);
  co_return after;
}

asio::awaitable<Result<>> HttpServer::Impl::receive(Stream stream,
                                                    HttpParser& parser,
                                                    std::string& buffered) {
  std::array<char, 16'384> chunk{};
  bool header_done = false;
  while (true) {
    const auto before = buffered.size();
    const auto progress = parser.feed(buffered);
    if (!progress) {
      co_return fail(progress.error());
    }
    if (*progress == HttpParser::Progress::done) {
      co_return Result<>{};
    }
    const bool header_done_now = *progress == HttpParser::Progress::body && !header_done;
    header_done = header_done || header_done_now;
    if (header_done_now && parser.expects_continue() && buffered.empty()) {
      co_await stream.write_all("HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (!buffered.empty() && buffered.size() < before) {
      continue;
    }
    const auto received = co_await stream.read_some(asio::buffer(chunk));
    if (received.error) {
      const bool cut_short = parser.started() || !buffered.empty();
      co_return fail(cut_short ? Errc::malformed_message : Errc::peer_closed,
                     "connection ended: " + received.error.message());
    }
    buffered.append(chunk.data(), received.bytes);
  }
}

asio::awaitable<HttpServer::Impl::After> HttpServer::Impl::answer(Self self,
                                                                  Link link,
                                                                  HttpRequest request,
                                                                  bool keep_alive) {
  const bool body = request.method != "HEAD";
  HttpResponse response;
  try {
    response = co_await self->handlers_.request(std::move(request));
  } catch (const std::exception&) {
    response = empty_response(500);
  }
  const auto after = co_await respond(self, link, std::move(response), keep_alive, body);
  co_return after;
}

asio::awaitable<HttpServer::Impl::After> HttpServer::Impl::stream(Self self,
                                                                  Link link,
                                                                  StreamedAnswer answer) {
  auto head = serialise_head(answer.headers);
  if (!head) {
    const auto refused = co_await respond(self, link, empty_response(500), false, true);
    co_return refused;
  }
  HttpBodyWriter writer{link->stream, self->options_.idle_timeout};
  const auto begun = co_await writer.write(std::move(*head));
  if (begun) {
    // Whatever the client still sends means nothing; its end means that nobody reads any more.
    co_await first_of(write_body(std::move(answer), std::move(writer)), until_gone(link->stream));
    co_await link->stream.finish();
  }
  co_return After::close;
}

asio::awaitable<HttpServer::Impl::After> HttpServer::Impl::upgrade(
    Self self, Link link, HttpRequest request, std::string& buffered, bool keep_alive) {
  std::optional<HttpResponse> refusal;
  if (!self->handlers_.websocket) {
    refusal = empty_response(404);
  } else if (self->handlers_.refuse_upgrade) {
    refusal = self->handlers_.refuse_upgrade(request);
  }
  if (refusal) {
    const auto after = co_await respond(self, link, std::move(*refusal), keep_alive, true);
    co_return after;
  }
  link->stream.unread(std::move(buffered));
  auto accepted = co_await accept_websocket(link->stream, request, self->options_.idle_timeout);
  if (!accepted) {
    ++self->malformed_;
    co_await link->stream.finish();
    co_return After::close;
  }
  co_await self->handlers_.websocket(std::move(request), std::move(*accepted));
  co_return After::close;
}

asio::awaitable<HttpServer::Impl::After> HttpServer::Impl::respond(
    Self self, Link link, HttpResponse response, bool keep_alive, bool body) {
  auto wire = serialise(response, keep_alive, body);
  if (!wire) {
    wire = serialise(empty_response(500), keep_alive, body);
  }
  const auto written = co_await with_timeout(write_bytes(link->stream, std::move(*wire)),
                                             self->options_.idle_timeout);
  if (written && keep_alive) {
    co_return After::keep_open;
  }
  if (written) {
    co_await link->stream.finish();
  }
  co_return After::close;
}

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}
HttpServer::~HttpServer() { impl_->stop(); }
std::uint16_t HttpServer::port() const noexcept { return impl_->port(); }
std::uint64_t HttpServer::malformed_requests() const noexcept { return impl_->malformed(); }
void HttpServer::stop() { impl_->stop(); }

namespace {

tl::unexpected<Error> bind_failure(const HttpServerOptions& options,
                                   const boost::system::error_code& failure) {
  const std::string where = "port " + std::to_string(options.port) + " of " + options.host;
  if (failure == asio::error::address_in_use) {
    return fail(Errc::invalid_argument, where + " is in use; choose another with --listen");
  }
  if (failure == asio::error::access_denied) {
    return fail(Errc::invalid_argument,
                where + " needs administrator rights; choose one above 1023 with --listen");
  }
  return fail(Errc::invalid_argument, where + " cannot be bound: " + failure.message() +
                                          "; give an address of this machine with --listen");
}

Result<tcp::endpoint> local_endpoint(const asio::any_io_executor& executor,
                                     const HttpServerOptions& options) {
  boost::system::error_code failure;
  const auto address = asio::ip::make_address(options.host, failure);
  if (!failure) {
    return tcp::endpoint{address, options.port};
  }
  tcp::resolver resolver{executor};
  const auto found = resolver.resolve(options.host, std::to_string(options.port), failure);
  if (failure || found.empty()) {
    return bind_failure(options, failure);
  }
  return found.begin()->endpoint();
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(const asio::any_io_executor& executor,
                                                       HttpServerOptions options,
                                                       HttpHandlers handlers) {
  const auto endpoint = local_endpoint(executor, options);
  if (!endpoint) {
    return fail(endpoint.error());
  }
  tcp::acceptor acceptor{executor};
  boost::system::error_code failure;
  acceptor.open(endpoint->protocol(), failure);
  if (!failure) {
    acceptor.set_option(tcp::acceptor::reuse_address{true}, failure);
  }
  if (!failure) {
    acceptor.bind(*endpoint, failure);
  }
  if (!failure) {
    acceptor.listen(asio::socket_base::max_listen_connections, failure);
  }
  if (failure) {
    return bind_failure(options, failure);
  }
  auto impl = std::make_shared<Impl>(std::move(acceptor), std::move(options), std::move(handlers));
  impl->start();
  return std::unique_ptr<HttpServer>{new HttpServer{std::move(impl)}};
}

}  // namespace offhook::net
