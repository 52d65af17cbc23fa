#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/secret.hpp"
#include "net/http_message.hpp"
#include "sim/api_error.hpp"
#include "sim/calls.hpp"
#include "sim/ids.hpp"

namespace offhook::sim {

/// Whether a request carries `Authorization: Bearer <key>`; constant time for keys of one length.
[[nodiscard]] bool authorized(const net::HttpRequest& request, const Secret& key);

/// 401 invalid_api_key
[[nodiscard]] ApiError wrong_key();

/// An answer with OpenAI's error envelope and a request id.
[[nodiscard]] net::HttpResponse error_response(const ApiError& error,
                                               const std::string& request_id);

/// POST /v1/realtime/calls/{call_id}/accept, /reject, /refer and /hangup (docs/openai-behaviour.md
/// 2), and GET /_sim, a list of the calls for people. Control thread, no I/O.
class RestApi {
 public:
  /// @param calls  Must outlive this.
  /// @param key    That every request under /v1 must show.
  RestApi(Calls& calls, Secret key, Ids ids);

  [[nodiscard]] net::HttpResponse handle(const net::HttpRequest& request);

 private:
  [[nodiscard]] ApiResult<> act(std::string_view operation,
                                const std::string& call_id,
                                std::string_view body);
  [[nodiscard]] ApiResult<> accept(const std::string& call_id, std::string_view body);
  [[nodiscard]] ApiResult<> reject(const std::string& call_id, std::string_view body);
  [[nodiscard]] ApiResult<> refer(const std::string& call_id, std::string_view body);
  [[nodiscard]] ApiResult<> hang_up(const std::string& call_id);

  Calls& calls_;
  Secret key_;
  Ids ids_;
};

}  // namespace offhook::sim
