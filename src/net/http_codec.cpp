#include "net/http_codec.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

namespace offhook::net {

namespace http = boost::beast::http;

namespace {

using RequestParser = http::request_parser<http::string_body>;
using ResponseParser = http::response_parser<http::string_body>;

constexpr int no_content = 204;

bool is_token(std::string_view text) {
  constexpr std::string_view punctuation = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           punctuation.find(c) != std::string_view::npos;
  });
}

bool breaks_line(std::string_view text) {
  return text.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos;
}

tl::unexpected<Error> parse_failure(const boost::system::error_code& code) {
  if (code == http::error::body_limit) {
    return fail(Errc::overloaded, "the body exceeds the size limit", 413);
  }
  if (code == http::error::header_limit || code == http::error::buffer_overflow) {
    return fail(Errc::overloaded, "the header exceeds the size limit", 431);
  }
  return fail(Errc::malformed_message, "malformed HTTP message: " + code.message(), 400);
}

/// RFC 9112 section 3.2.
template <class Body>
bool lacks_host(const http::request<Body>& message) {
  return message.version() >= 11 && message.count(http::field::host) != 1;
}

template <class Body>
bool lacks_host(const http::response<Body>& /*message*/) {
  return false;
}

/// Another coding than chunked hides where the body ends, and with it what else was sent along
/// (RFC 9112 section 6.1).
template <class Body>
bool has_doubtful_end(const http::request<Body>& message) {
  return message.count(http::field::transfer_encoding) > 0 &&
         (message.version() < 11 || message.count(http::field::transfer_encoding) > 1 ||
          !boost::beast::iequals(message[http::field::transfer_encoding], "chunked"));
}

template <class Body>
bool has_doubtful_end(const http::response<Body>& /*message*/) {
  return false;
}

/// Fields that say where a message ends, or whom it is for, are ours to write.
bool is_framing(std::string_view name) {
  constexpr std::string_view names[] = {"host", "content-length", "transfer-encoding",
                                        "connection"};
  return std::ranges::any_of(names, [&](std::string_view framing) {
    return boost::beast::iequals({name.data(), name.size()}, {framing.data(), framing.size()});
  });
}

void append_headers(std::string& wire, const HttpHeaders& headers) {
  for (const auto& [name, value] : headers) {
    if (!is_framing(name)) {
      wire.append(name).append(": ").append(value).append("\r\n");
    }
  }
}

template <class Fields>
HttpHeaders copy_headers(const Fields& fields) {
  HttpHeaders headers;
  for (const auto& field : fields) {
    headers.add(std::string{field.name_string()}, std::string{field.value()});
  }
  return headers;
}

}  // namespace

std::string reason_phrase(int status) {
  return std::string{http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)))};
}

Result<> check_headers(const HttpHeaders& headers) {
  for (const auto& [name, value] : headers) {
    if (!is_token(name) || breaks_line(value)) {
      return fail(Errc::invalid_argument, "header '" + name + "' holds forbidden characters");
    }
  }
  return {};
}

Result<std::string> serialise(const Url& url, const HttpRequest& request, bool keep_alive) {
  if (auto good = check_headers(request.headers); !good) {
    return fail(std::move(good).error());
  }
  if (!is_token(request.method) || url.target.find_first_of(" \r\n") != std::string::npos) {
    return fail(Errc::invalid_argument, "the method or target holds forbidden characters");
  }
  std::string wire =
      request.method + " " + url.target + " HTTP/1.1\r\nHost: " + url.authority() + "\r\n";
  append_headers(wire, request.headers);
  if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD")) {
    wire += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  wire += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
  return wire + request.body;
}

Result<std::string> serialise(const HttpResponse& response, bool keep_alive, bool body) {
  if (auto good = check_headers(response.headers); !good) {
    return fail(std::move(good).error());
  }
  std::string wire = "HTTP/1.1 " + std::to_string(response.status) + " " +
                     reason_phrase(response.status) + "\r\nServer: offhook\r\n";
  append_headers(wire, response.headers);
  if (response.status == no_content) {
    body = false;  // and no Content-Length: RFC 9110 section 8.6
  } else {
    wire += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  }
  wire += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
  return body ? wire + response.body : wire;
}

class HttpParser::Impl {
 public:
  template <class Visitor>
  auto visit(Visitor visitor) {
    return std::visit(visitor, parser_);
  }

  Impl(Kind kind, HttpLimits limits) {
    if (kind == Kind::request) {
      parser_.emplace<RequestParser>();
    } else {
      parser_.emplace<ResponseParser>().skip(kind == Kind::response_without_body);
    }
    visit([&](auto& parser) {
      parser.header_limit(static_cast<std::uint32_t>(limits.max_header_bytes));
      parser.body_limit(limits.max_body_bytes);
    });
  }

  [[nodiscard]] RequestParser& request() { return std::get<RequestParser>(parser_); }
  [[nodiscard]] ResponseParser& response() { return std::get<ResponseParser>(parser_); }

 private:
  std::variant<RequestParser, ResponseParser> parser_;
};

HttpParser::HttpParser(Kind kind, HttpLimits limits)
    : impl_{std::make_unique<Impl>(kind, limits)} {}
HttpParser::HttpParser(HttpParser&&) noexcept = default;
HttpParser& HttpParser::operator=(HttpParser&&) noexcept = default;
HttpParser::~HttpParser() = default;

Result<HttpParser::Progress> HttpParser::feed(std::string& bytes) {
  return impl_->visit([&](auto& parser) -> Result<Progress> {
    const bool header_was_done = parser.is_header_done();
    parser.eager(header_was_done);
    boost::system::error_code failure;
    if (!bytes.empty() && !parser.is_done()) {
      bytes.erase(0, parser.put(boost::asio::buffer(bytes), failure));
    }
    if (failure && failure != http::error::need_more) {
      return parse_failure(failure);
    }
    if (!parser.is_header_done()) {
      return Progress::header;
    }
    if (lacks_host(parser.get())) {
      return fail(Errc::malformed_message, "HTTP/1.1 request without Host", 400);
    }
    if (has_doubtful_end(parser.get())) {
      return fail(Errc::malformed_message, "a Transfer-Encoding that is not chunked", 400);
    }
    return parser.is_done() ? Progress::done : Progress::body;
  });
}

Result<> HttpParser::finish() {
  return impl_->visit([](auto& parser) -> Result<> {
    if (parser.is_done()) {
      return {};
    }
    boost::system::error_code failure = http::error::partial_message;
    if (parser.got_some()) {
      parser.put_eof(failure);
    }
    return failure ? Result<>{parse_failure(failure)} : Result<>{};
  });
}

bool HttpParser::started() const {
  return impl_->visit([](auto& parser) { return parser.got_some(); });
}

int HttpParser::status() const { return static_cast<int>(impl_->response().get().result_int()); }

std::string HttpParser::take_body() { return std::exchange(impl_->response().get().body(), {}); }

bool HttpParser::expects_continue() const {
  return impl_->visit([](auto& parser) {
    return boost::beast::iequals(parser.get()[http::field::expect], "100-continue");
  });
}

bool HttpParser::keep_alive() const {
  return impl_->visit([](auto& parser) { return parser.keep_alive(); });
}

HttpRequest HttpParser::take_request() {
  auto message = impl_->request().release();
  HttpRequest request;
  request.method = message.method_string();
  request.target = message.target();
  request.headers = copy_headers(message);
  request.body = std::move(message.body());
  return request;
}

HttpResponse HttpParser::take_response() {
  auto message = impl_->response().release();
  HttpResponse response;
  response.status = static_cast<int>(message.result_int());
  response.headers = copy_headers(message);
  response.body = std::move(message.body());
  return response;
}

}  // namespace offhook::net
