#include "net/http_client.hpp"

#include <array>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include "base/race.hpp"
#include "net/connect.hpp"
#include "net/http_codec.hpp"
#include "net/stream.hpp"

namespace offhook::net {

namespace asio = boost::asio;

namespace {

constexpr std::size_t max_header_bytes = 64U << 10U;

/// Reads until `parser` has a whole message.
asio::awaitable<Result<>> receive_message(Stream stream, HttpParser& parser, std::string& bytes) {
  std::array<char, 16'384> chunk{};
  bool heard = !bytes.empty();
  while (true) {
    const auto before = bytes.size();
    const auto progress = parser.feed(bytes);
    if (!progress) {
      co_return fail(progress.error().code, progress.error().detail);
    }
    if (*progress == HttpParser::Progress::done) {
      co_return Result<>{};
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
      co_return Result<>{};
    }
    if (received.error) {
      co_return fail(Errc::unreachable, "connection lost before the whole answer came (" +
                                            received.error.message() + ")");
    }
    heard = true;
    bytes.append(chunk.data(), received.bytes);
  }
}

asio::awaitable<Result<HttpResponse>> receive_response(Stream stream,
                                                       bool has_body,
                                                       std::size_t max_body_bytes) {
  const HttpLimits limits{max_header_bytes, max_body_bytes};
  const auto kind = has_body ? HttpParser::Kind::response : HttpParser::Kind::response_without_body;
  std::string bytes;
  while (true) {
    HttpParser parser{kind, limits};
    auto received = co_await receive_message(stream, parser, bytes);
    if (!received) {
      co_return fail(std::move(received).error());
    }
    auto response = parser.take_response();
    if (response.status >= 200) {
      co_return std::move(response);
    }
  }
}

asio::awaitable<Result<HttpResponse>> exchange(Url url,
                                               HttpRequest request,
                                               HttpClientOptions options,
                                               Stage stage) {
  const auto wire = serialise(url, request);
  if (!wire) {
    co_return fail(Error{wire.error()}.with(origin(url)));
  }
  auto stream = co_await connect(url, options.tls, stage);
  if (!stream) {
    co_return fail(std::move(stream).error());
  }
  *stage = "sending the request";
  const auto unsent = co_await stream->write_all(*wire);
  // A server may refuse a request half-way and close: its answer says more than our failed write.
  *stage = "waiting for the answer";
  auto response =
      co_await receive_response(*stream, request.method != "HEAD", options.max_body_bytes);
  if (!response && unsent) {
    co_return fail(Errc::unreachable,
                   origin(url) + ": the request could not be sent (" + unsent.message() + ")");
  }
  if (!response) {
    co_return fail(std::move(response).error().with(origin(url)));
  }
  co_return std::move(response);
}

}  // namespace

asio::awaitable<Result<HttpResponse>> http_exchange(Url url,
                                                    HttpRequest request,
                                                    HttpClientOptions options) {
  const auto stage = std::make_shared<std::string_view>("starting");
  const std::string where = origin(url);
  const auto timeout = options.timeout;
  auto response = co_await with_timeout(
      exchange(std::move(url), std::move(request), std::move(options), stage), timeout);
  if (!response && response.error().code == Errc::timed_out) {
    co_return timed_out(where, timeout, stage);
  }
  co_return std::move(response);
}

}  // namespace offhook::net
