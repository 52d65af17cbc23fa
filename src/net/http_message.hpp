#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace offhook::net {

struct HttpHeader {
  std::string name;
  std::string value;
};

/// Header fields in wire order, duplicates kept.
class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<HttpHeader> fields) : fields_{fields} {}

  void add(std::string name, std::string value) {
    fields_.push_back({std::move(name), std::move(value)});
  }
  /// First value of that name (case-insensitive), or an empty view; `has` tells the difference.
  [[nodiscard]] std::string_view get(std::string_view name) const noexcept;
  [[nodiscard]] bool has(std::string_view name) const noexcept;

  [[nodiscard]] auto begin() const noexcept { return fields_.begin(); }
  [[nodiscard]] auto end() const noexcept { return fields_.end(); }

 private:
  std::vector<HttpHeader> fields_;
};

struct HttpRequest {
  std::string method;  ///< "GET", "POST", …
  std::string target;  ///< As on the wire: path and query.
  HttpHeaders headers;
  std::string body;  ///< Exact bytes.
  std::string peer;  ///< Server side: "127.0.0.1:40000" of the client.

  /// Path part of `target`, still percent-encoded.
  [[nodiscard]] std::string_view path() const noexcept;
  /// Decoded value of one query parameter, or empty.
  [[nodiscard]] std::string query(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;  ///< Exact bytes. `Content-Length` is sent with it, 0 included, except for 204.
  /// Client: it was sent twice, because a kept connection turned out to be closed.
  bool repeated = false;
};

}  // namespace offhook::net
