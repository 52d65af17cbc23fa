#include "net/http_client.hpp"

#include <array>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include "base/race.hpp"
#include "net/connect.hpp"
#include "net/http_codec.hpp"
#include "net/stream.hpp"

namespace offhook::net {

namespace asio = boost::asio;

/// Idle streams by origin; the latest is taken first, so that what is not needed grows old.
class HttpConnections::Impl {
 public:
  std::optional<Stream> take(const std::string& where) {
    const auto now = Clock::now();
    auto& idle = idle_[where];
    std::erase_if(idle, [&](const Idle& entry) { return now - entry.since > longest_idle; });
    if (idle.empty()) {
      return std::nullopt;
    }
    Stream stream = std::move(idle.back().stream);
    idle.pop_back();
    return stream;
  }

  void keep(const std::string& where, Stream stream, bool keep_alive) {
    auto& idle = idle_[where];
    if (keep_alive && !closed_ && idle.size() < most_idle) {
      idle.push_back({std::move(stream), Clock::now()});
    }
  }

  void close() noexcept {
    closed_ = true;
    idle_.clear();
  }

 private:
  using Clock = std::chrono::steady_clock;
  /// Below what servers allow, most of all: whoever closes first decides, and we had better know.
  static constexpr std::chrono::seconds longest_idle{4};
  static constexpr std::size_t most_idle = 64;
  struct Idle {
    Stream stream;
    Clock::time_point since;
  };
  std::unordered_map<std::string, std::vector<Idle>> idle_;
  bool closed_ = false;
};

HttpConnections::HttpConnections() : impl_{std::make_unique<Impl>()} {}
HttpConnections::~HttpConnections() = default;

void HttpConnections::close() noexcept { impl_->close(); }

namespace {

constexpr std::size_t max_header_bytes = 64U << 10U;

using OnBody = std::function<bool(std::string_view)>;

/// Hands over what came of the body. @return false when no more is wanted.
bool hand_over(HttpParser& parser, const OnBody& on_body) {
  const bool good = on_body && parser.status() >= 200 && parser.status() <= 299;
  if (!good) {
    return true;
  }
  const std::string piece = parser.take_body();
  return piece.empty() || on_body(piece);
}

/// Reads until `parser` has a whole message, or as much of it as `on_body` wants.
/// @return whether it is whole.
asio::awaitable<Result<bool>> receive_message(Stream stream,
                                              HttpParser& parser,
                                              std::string& bytes,
                                              const OnBody& on_body) {
  std::array<char, 16'384> chunk{};
  bool heard = !bytes.empty();
  while (true) {
    const auto before = bytes.size();
    const auto progress = parser.feed(bytes);
    if (!progress) {
      co_return fail(progress.error().code, progress.error().detail);
    }
    if (*progress != HttpParser::Progress::header && !hand_over(parser, on_body)) {
      co_return false;
    }
    if (*progress == HttpParser::Progress::done) {
      co_return true;
    }
    if (!bytes.empty() && bytes.size() < before) {
      continue;
    }
    const auto received = co_await stream.read_some(asio::buffer(chunk));
    if (received.error == asio::error::eof && heard) {
      auto finished = parser.finish();
      if (!finished) {
        co_return fail(Errc::malformed_message, "the answer ended in the middle");
      }
      co_return true;
    }
    if (received.error) {
      co_return fail(Errc::unreachable, "connection lost before the whole answer came (" +
                                            received.error.message() + ")");
    }
    heard = true;
    bytes.append(chunk.data(), received.bytes);
  }
}

struct Received {
  HttpResponse response;
  bool keep_alive = false;
};

asio::awaitable<Result<Received>> receive_response(Stream stream,
                                                   bool has_body,
                                                   const HttpClientOptions& options) {
  const HttpLimits limits{max_header_bytes, options.max_body_bytes};
  const auto kind = has_body ? HttpParser::Kind::response : HttpParser::Kind::response_without_body;
  std::string bytes;
  while (true) {
    HttpParser parser{kind, limits};
    auto whole_message = co_await receive_message(stream, parser, bytes, options.on_body);
    if (!whole_message) {
      co_return fail(std::move(whole_message).error());
    }
    const bool keep_alive = *whole_message && parser.keep_alive() && bytes.empty();
    Received whole{parser.take_response(), keep_alive};
    if (whole.response.status >= 200) {
      co_return std::move(whole);
    }
  }
}

/// What one exchange is about.
struct Exchange {
  Url url;
  HttpRequest request;
  HttpClientOptions options;
  Stage stage;
};

asio::awaitable<Result<Received>> exchange_on(const Exchange& what, Stream stream) {
  const auto wire = serialise(what.url, what.request, what.options.connections != nullptr);
  if (!wire) {
    co_return fail(Error{wire.error()}.with(origin(what.url)));
  }
  *what.stage = "sending the request";
  const auto unsent = co_await stream.write_all(*wire);
  // A server may refuse a request half-way and close: its answer says more than our failed write.
  *what.stage = "waiting for the answer";
  const bool has_body = what.request.method != "HEAD";
  auto received = co_await receive_response(stream, has_body, what.options);
  if (!received && unsent) {
    co_return fail(Errc::unreachable,
                   origin(what.url) + ": the request could not be sent (" + unsent.message() + ")");
  }
  if (!received) {
    co_return fail(std::move(received).error().with(origin(what.url)));
  }
  co_return std::move(received);
}

asio::awaitable<Result<HttpResponse>> exchange(Exchange what) {
  HttpConnections* const kept = what.options.connections.get();
  bool repeated = false;
  if (kept != nullptr) {
    if (auto idle = kept->impl().take(origin(what.url))) {
      auto received = co_await exchange_on(what, *idle);
      if (received) {
        kept->impl().keep(origin(what.url), *std::move(idle), received->keep_alive);
        co_return std::move(received->response);
      }
      if (received.error().code != Errc::unreachable) {
        co_return fail(std::move(received).error());
      }
      repeated = true;
    }
  }
  auto stream = co_await connect(what.url, what.options.tls, what.stage);
  if (!stream) {
    co_return fail(std::move(stream).error());
  }
  auto received = co_await exchange_on(what, *stream);
  if (!received) {
    co_return fail(std::move(received).error());
  }
  if (kept != nullptr) {
    kept->impl().keep(origin(what.url), *std::move(stream), received->keep_alive);
  }
  received->response.repeated = repeated;
  co_return std::move(received->response);
}

}  // namespace

asio::awaitable<Result<HttpResponse>> http_exchange(Url url,
                                                    HttpRequest request,
                                                    HttpClientOptions options) {
  const auto stage = std::make_shared<std::string_view>("starting");
  const std::string where = origin(url);
  const auto timeout = options.timeout;
  Exchange what{std::move(url), std::move(request), std::move(options), stage};
  auto response = co_await with_timeout(exchange(std::move(what)), timeout);
  if (!response && response.error().code == Errc::timed_out) {
    co_return timed_out(where, timeout, stage);
  }
  co_return std::move(response);
}

}  // namespace offhook::net
