#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/secret.hpp"
#include "net/http_message.hpp"
#include "sim/api_error.hpp"
#include "sim/calls.hpp"
#include "sim/ids.hpp"
#include "sim/outbound_request.hpp"

namespace offhook::sim {

/// Where a Live session's paths begin; its id follows.
inline constexpr std::string_view live_sessions_path = "/v1/live/sessions/";

/// Whether a request carries `Authorization: Bearer <key>`; constant time for keys of one length.
[[nodiscard]] bool authorized(const net::HttpRequest& request, const Secret& key);

/// 401 invalid_api_key
[[nodiscard]] ApiError wrong_key();

/// An answer with OpenAI's error envelope and a request id.
[[nodiscard]] net::HttpResponse error_response(const ApiError& error,
                                               const std::string& request_id);

/// What a sim may be told to let pass.
struct RestRules {
  bool live_on_plain_rtp = false;       ///< Live accepts calls without SRTP, too.
  bool outbound = false;                ///< Live places calls; else 403.
  bool outbound_local = false;          ///< By providers on this machine or near by, too.
  bool bad_accept_fails_later = false;  ///< A body that is wrong gets 200; then the call fails.
  SessionRules session{};
};

/// What the API needs from the rest of a sim.
struct RestHooks {
  /// Places a call. @return the session's id.
  std::function<ApiResult<std::string>(OutboundRequest)> dial{};
  /// What GET /_sim tells besides the calls.
  std::function<boost::json::object()> status{};
  /// What GET /_sim/calls/{id} tells; nothing: the call is unknown, or was forgotten.
  std::function<std::optional<boost::json::object>(const std::string& id)> story{};
  /// A request about a call was answered; `error` is the code of the answer, or empty.
  std::function<void(
      const std::string& id, const net::HttpRequest& request, int status, std::string_view error)>
      answered{};
};

/// What a request gets.
struct RestAnswer {
  RestAnswer(net::HttpResponse the_response, bool is_lost = false)
      : response{std::move(the_response)}, lost{is_lost} {}

  net::HttpResponse response;
  bool lost;  ///< It is not to reach who asked, because of the call's quirks.
};

/// A call as a request names it.
struct CallRef {
  Api api = Api::realtime;
  std::string id;
};

/// POST /v1/realtime/calls/{call_id}/accept, /reject, /refer and /hangup, the same of
/// /v1/live/sessions/{session_id}, POST /v1/live/sessions and /v1/realtime/client_secrets
/// (docs/openai-behaviour.md 2 and 10), and
/// GET /_sim and /_sim/calls/{id}, views for people, for which this machine needs no key. Control
/// thread, no I/O.
class RestApi {
 public:
  /// @param calls  Must outlive this.
  /// @param key    That every request under /v1 must show.
  RestApi(Calls& calls, Secret key, Ids ids, RestRules rules = {}, RestHooks hooks = {});

  [[nodiscard]] net::HttpResponse handle(const net::HttpRequest& request) {
    return handle(request, request).response;
  }
  /// @param sent  The same request in its sender's words, for the record.
  [[nodiscard]] RestAnswer handle(const net::HttpRequest& request, const net::HttpRequest& sent);
  /// How long the answer is to be held back, because the call is slow.
  [[nodiscard]] std::chrono::milliseconds delay(const net::HttpRequest& request) const;

 private:
  [[nodiscard]] RestAnswer serve(const net::HttpRequest& request);
  [[nodiscard]] net::HttpResponse view(std::string_view path, const std::string& request_id) const;
  [[nodiscard]] ApiResult<boost::json::object> create_session(std::string_view body);
  [[nodiscard]] ApiResult<boost::json::object> create_secret(std::string_view body);
  [[nodiscard]] ApiResult<> act(const CallRef& call,
                                std::string_view operation,
                                std::string_view body);
  [[nodiscard]] ApiResult<> accept(const CallRef& call, std::string_view body);
  [[nodiscard]] ApiResult<> accept_realtime(const CallRef& call, Leg& leg, std::string_view body);
  [[nodiscard]] ApiResult<> accept_live(const CallRef& call, Leg& leg, std::string_view body);
  [[nodiscard]] ApiResult<> reject(const CallRef& call, std::string_view body);
  [[nodiscard]] ApiResult<> refer(const CallRef& call, std::string_view body);
  [[nodiscard]] ApiResult<> hang_up(const CallRef& call);

  Calls& calls_;
  Secret key_;
  Ids ids_;
  RestRules rules_;
  RestHooks hooks_;
};

}  // namespace offhook::sim
