#include "openai/live_api.hpp"

#include <utility>

#include <boost/json/serialize.hpp>

#include "base/json.hpp"

namespace offhook::openai {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

/// Says what can be done about the refusals that newcomers meet.
Error explained(Error error) {
  if (error.status == 403 && error.detail.find("outbound_sip_not_enabled") != std::string::npos) {
    error.detail +=
        "; outbound calls are switched on per organisation, on request, and apart from GPT-Live "
        "SIP: ask OpenAI (your account team, or support) for outbound SIP, then try again";
  }
  return error;
}

}  // namespace

LiveApi::LiveApi(Provider provider, OnRetry on_retry, ApiOptions options)
    : client_{std::move(provider), std::move(on_retry), options} {}

asio::awaitable<Result<>> LiveApi::accept(std::string session_id, json::object body) {
  ApiRequest request{"accept", client_.provider().live_url(session_id, "accept"),
                     json::serialize(body), client_.options().accept_not_found_window};
  co_return co_await post(std::move(request));
}

asio::awaitable<Result<>> LiveApi::reject(std::string session_id, int sip_status) {
  const json::object body{{"status_code", sip_status}};
  ApiRequest request{"reject", client_.provider().live_url(session_id, "reject"),
                     json::serialize(body)};
  co_return co_await post(std::move(request));
}

asio::awaitable<Result<>> LiveApi::refer(std::string session_id, std::string target_uri) {
  const json::object body{{"target_uri", target_uri}};
  ApiRequest request{"refer", client_.provider().live_url(session_id, "refer"),
                     json::serialize(body)};
  co_return co_await post(std::move(request));
}

asio::awaitable<Result<>> LiveApi::hang_up(std::string session_id) {
  ApiRequest request{"hangup", client_.provider().live_url(session_id, "hangup")};
  request.gone_is_success = true;
  co_return co_await post(std::move(request));
}

asio::awaitable<Result<std::string>> LiveApi::create(json::object body) {
  ApiRequest request{"create", client_.provider().api_base + "/live/sessions",
                     json::serialize(body)};
  request.repeatable = false;
  const auto answer = co_await client_.post(std::move(request));
  if (!answer) {
    co_return fail(explained(answer.error()));
  }
  const auto parsed = parse_json(answer->body);
  const std::string id = parsed ? std::string{json_string(*parsed, "session.id")} : std::string{};
  if (id.empty()) {
    co_return fail(Errc::malformed_message, "create: the answer names no session", answer->status);
  }
  co_return id;
}

asio::awaitable<Result<>> LiveApi::post(ApiRequest request) {
  const auto answer = co_await client_.post(std::move(request));
  if (!answer) {
    co_return fail(answer.error());
  }
  co_return Result<>{};
}

}  // namespace offhook::openai
