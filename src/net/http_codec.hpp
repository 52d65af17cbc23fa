#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "net/http_message.hpp"
#include "net/url.hpp"

namespace offhook::net {

/// "Not Found" for 404.
[[nodiscard]] std::string reason_phrase(int status);

/// Refuses names and values that would break out of their header line.
[[nodiscard]] Result<> check_headers(const HttpHeaders& headers);

/// The request as it goes over the wire. @param keep_alive  The connection is to be used again.
[[nodiscard]] Result<std::string> serialise(const Url& url,
                                            const HttpRequest& request,
                                            bool keep_alive);

/// The answer as it goes over the wire. @param body  false for answers to HEAD.
[[nodiscard]] Result<std::string> serialise(const HttpResponse& response,
                                            bool keep_alive,
                                            bool body);

struct HttpLimits {
  std::size_t max_header_bytes = 0;
  std::size_t max_body_bytes = 0;
};

/// Takes one HTTP/1.x message apart, in whatever pieces it arrives (RFC 9112).
///
/// Errors: `malformed_message` or, beyond a limit, `overloaded`; `status` is what a server should
/// answer (400, 413, 431).
class HttpParser {
 public:
  enum class Kind { request, response, response_without_body };
  enum class Progress { header, body, done };  ///< What comes next.

  HttpParser(Kind kind, HttpLimits limits);
  HttpParser(HttpParser&&) noexcept;
  HttpParser& operator=(HttpParser&&) noexcept;
  ~HttpParser();

  /// Consumes from the front of `bytes` what belongs to the message. Returns once at the end of the
  /// header, so that the caller can say 100 Continue.
  [[nodiscard]] Result<Progress> feed(std::string& bytes);
  /// The peer ended the stream. @return an error unless that is a good end for this message.
  [[nodiscard]] Result<> finish();

  /// Some of the message has arrived.
  [[nodiscard]] bool started() const;
  /// Of a response whose header is there.
  [[nodiscard]] int status() const;
  /// What has arrived of a response's body since it was taken last.
  [[nodiscard]] std::string take_body();
  [[nodiscard]] bool expects_continue() const;
  /// The peer wants to use the connection again.
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] HttpRequest take_request();
  [[nodiscard]] HttpResponse take_response();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace offhook::net
