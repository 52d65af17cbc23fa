#include "net/tls_socket.hpp"

#include <cerrno>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace offhook::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// OpenSSL's way to the socket. Its own one would write without MSG_NOSIGNAL, and would go on to
/// use a descriptor that was closed here and given to somebody else.
using Wire = TlsSocket::Wire;

Wire& wire_of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

/// @return how many went, or -1 with `errno`.
ssize_t send_some(const Wire& wire, std::string_view bytes) {
  if (!wire.socket.is_open()) {
    errno = EBADF;
    return -1;
  }
  const auto sent = ::send(wire.socket.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return sent < 0 && would_block() ? 0 : sent;
}

/// Takes everything: what finds no room stays in the wire.
int send_bytes(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  Wire& wire = wire_of(bio);
  std::string_view bytes{data, static_cast<std::size_t>(size)};
  if (wire.unsent.empty()) {
    const auto sent = send_some(wire, bytes);
    if (sent < 0) {
      return -1;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  wire.unsent += bytes;
  return size;
}

int receive_bytes(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  tcp::socket& socket = wire_of(bio).socket;
  if (!socket.is_open()) {
    errno = EBADF;
    return -1;
  }
  const auto received = ::recv(socket.native_handle(), data, static_cast<std::size_t>(size), 0);
  if (received < 0 && would_block()) {
    BIO_set_retry_read(bio);
  } else if (received == 0) {
    errno = 0;
  }
  return static_cast<int>(received);
}

long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* socket_method() {
  struct Free {
    void operator()(BIO_METHOD* method) const noexcept { BIO_meth_free(method); }
  };
  static const std::unique_ptr<BIO_METHOD, Free> made = [] {
    std::unique_ptr<BIO_METHOD, Free> method{
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "offhook socket")};
    if (!method || BIO_meth_set_write(method.get(), &send_bytes) != 1 ||
        BIO_meth_set_read(method.get(), &receive_bytes) != 1 ||
        BIO_meth_set_ctrl(method.get(), &control) != 1) {
      throw std::bad_alloc{};
    }
    return method;
  }();
  return made.get();
}

struct Progress {
  enum class Wants { nothing, read, write };
  Wants wants = Wants::nothing;
  TlsSocket::ErrorCode error{};
  std::size_t bytes = 0;
};

Progress failed(TlsSocket::ErrorCode error) { return {Progress::Wants::nothing, error, 0}; }

/// Sends what waits in the wire. `wants` is `write` when something is left.
Progress flush(Wire& wire) {
  while (!wire.unsent.empty()) {
    const auto sent = send_some(wire, wire.unsent);
    if (sent < 0) {
      return failed({errno, boost::system::system_category()});
    }
    if (sent == 0) {
      return {Progress::Wants::write, {}, 0};
    }
    wire.unsent.erase(0, static_cast<std::size_t>(sent));
  }
  wire.unsent = {};  // with its memory
  return {};
}

/// What came of an attempt that did not succeed. `errno` is still that of the attempt.
Progress judge(const SSL* handle, int result) {
  const int system = errno;
  switch (SSL_get_error(handle, result)) {
    case SSL_ERROR_WANT_READ: return {Progress::Wants::read, {}, 0};
    case SSL_ERROR_WANT_WRITE: return {Progress::Wants::write, {}, 0};
    case SSL_ERROR_ZERO_RETURN: return failed(asio::error::eof);
    case SSL_ERROR_SYSCALL:
      return failed(system == 0 ? make_error_code(asio::ssl::error::stream_truncated)
                                : TlsSocket::ErrorCode{system, boost::system::system_category()});
    default: break;
  }
  return failed({static_cast<int>(ERR_get_error()), asio::error::get_ssl_category()});
}

/// Makes one attempt, and is over only when all that it wrote is on its way.
template <class Attempt>
struct Flushed {
  Wire& wire;
  Attempt attempt;
  std::optional<Progress> made{};  ///< Its outcome: it is not made again.

  Progress operator()(SSL* handle) {
    // One record at a time: what waits from before goes first.
    Progress rest = flush(wire);
    if (rest.error || rest.wants != Progress::Wants::nothing) {
      return rest;
    }
    if (!made) {
      const Progress now = attempt(handle);
      if (now.error) {
        return now;
      }
      if (now.wants == Progress::Wants::nothing) {
        made = now;
      }
      rest = flush(wire);
      if (rest.error || rest.wants != Progress::Wants::nothing) {
        return rest;
      }
      return now;
    }
    return *made;
  }
};

/// Tries, waits for the socket, tries again. `Step` is one attempt: `Progress(SSL*)`.
template <class Step>
struct Operation {
  tcp::socket& socket;
  SSL* handle;
  Step step;
  bool begun = false;
  bool over = false;
  Progress progress{};

  template <class Self>
  void operator()(Self& self, TlsSocket::ErrorCode error = {}) {
    if (error) {  // nothing of the connection may be left to look at
      self.complete(error, 0);
      return;
    }
    if (over) {
      self.complete(progress.error, progress.bytes);
      return;
    }
    if (self.cancelled() != asio::cancellation_type::none) {
      self.complete(asio::error::operation_aborted, 0);  // it came when the wait was already over
      return;
    }
    ERR_clear_error();
    errno = 0;
    progress = step(handle);
    const bool at_once = !std::exchange(begun, true);
    if (progress.wants == Progress::Wants::read) {
      socket.async_wait(tcp::socket::wait_read, std::move(self));
    } else if (progress.wants == Progress::Wants::write) {
      socket.async_wait(tcp::socket::wait_write, std::move(self));
    } else if (at_once) {  // a handler is not called by what starts the operation
      over = true;
      auto executor = socket.get_executor();
      asio::post(executor, std::move(self));
    } else {
      self.complete(progress.error, progress.bytes);
    }
  }
};

template <class Step>
void start(tcp::socket& socket, SSL* handle, Step step, TlsSocket::Handler handler) {
  asio::async_compose<TlsSocket::Handler, void(TlsSocket::ErrorCode, std::size_t)>(
      Operation<Step>{socket, handle, std::move(step)}, handler, socket);
}

Progress write_once(SSL* handle, const void* data, std::size_t size) {
  if (size == 0) {
    return {};
  }
  std::size_t written = 0;
  const int result = SSL_write_ex(handle, data, size, &written);
  return result == 1 ? Progress{Progress::Wants::nothing, {}, written} : judge(handle, result);
}

}  // namespace

void TlsSocket::Free::operator()(ssl_st* handle) const noexcept { SSL_free(handle); }

TlsSocket::TlsSocket(tcp::socket& socket, ssl_ctx_st* context)
    : wire_{socket}, handle_{SSL_new(context)} {
  BIO* const bio = BIO_new(socket_method());
  if (!handle_ || bio == nullptr) {
    BIO_free(bio);
    throw std::bad_alloc{};
  }
  BIO_set_data(bio, &wire_);
  BIO_set_init(bio, 1);
  SSL_set_bio(handle_.get(), bio, bio);
  SSL_set_mode(handle_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
  SSL_set_read_ahead(handle_.get(), 1);
  ErrorCode ignored;
  wire_.socket.native_non_blocking(true, ignored);
}

void TlsSocket::start_handshake(Role role, Handler handler) {
  const auto attempt = [role](SSL* handle) {
    const int result = role == Role::client ? SSL_connect(handle) : SSL_accept(handle);
    return result == 1 ? Progress{} : judge(handle, result);
  };
  start(wire_.socket, handle_.get(), Flushed<decltype(attempt)>{wire_, attempt},
        std::move(handler));
}

void TlsSocket::start_read(asio::mutable_buffer into, Handler handler) {
  const auto step = [this, into](SSL* handle) {
    std::size_t received = 0;
    if (into.size() == 0) {
      return Progress{};
    }
    // An answer to a request for new keys may wait there, and nobody else may write for long.
    static_cast<void>(flush(wire_));
    const int result = SSL_read_ex(handle, into.data(), into.size(), &received);
    return result == 1 ? Progress{Progress::Wants::nothing, {}, received} : judge(handle, result);
  };
  start(wire_.socket, handle_.get(), step, std::move(handler));
}

void TlsSocket::start_write(asio::const_buffer from, Handler handler) {
  const auto attempt = [from](SSL* handle) { return write_once(handle, from.data(), from.size()); };
  start(wire_.socket, handle_.get(), Flushed<decltype(attempt)>{wire_, attempt},
        std::move(handler));
}

void TlsSocket::start_write(std::string bytes, Handler handler) {
  auto attempt = [bytes = std::move(bytes)](SSL* handle) {
    return write_once(handle, bytes.data(), bytes.size());
  };
  start(wire_.socket, handle_.get(), Flushed<decltype(attempt)>{wire_, std::move(attempt)},
        std::move(handler));
}

void TlsSocket::start_goodbye(Handler handler) {
  const auto attempt = [](SSL* handle) {
    const int result = SSL_shutdown(handle);
    return result >= 0 ? Progress{} : judge(handle, result);
  };
  start(wire_.socket, handle_.get(), Flushed<decltype(attempt)>{wire_, attempt},
        std::move(handler));
}

}  // namespace offhook::net
