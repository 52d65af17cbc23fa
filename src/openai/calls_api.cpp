#include "openai/calls_api.hpp"

#include <utility>

#include <boost/json/serialize.hpp>

namespace offhook::openai {

namespace asio = boost::asio;
namespace json = boost::json;

CallsApi::CallsApi(Provider provider, OnRetry on_retry, CallsApiOptions options)
    : client_{std::move(provider), std::move(on_retry), options} {}

asio::awaitable<Result<>> CallsApi::accept(std::string call_id, json::object session) {
  ApiRequest request{"accept", client_.provider().call_url(call_id, "accept"),
                     json::serialize(session), client_.options().accept_not_found_window};
  co_return co_await post(std::move(request));
}

asio::awaitable<Result<>> CallsApi::reject(std::string call_id, int sip_status) {
  const json::object body{{"status_code", sip_status}};
  ApiRequest request{"reject", client_.provider().call_url(call_id, "reject"),
                     json::serialize(body)};
  co_return co_await post(std::move(request));
}

asio::awaitable<Result<>> CallsApi::refer(std::string call_id, std::string target_uri) {
  const json::object body{{"target_uri", target_uri}};
  ApiRequest request{"refer", client_.provider().call_url(call_id, "refer"), json::serialize(body)};
  co_return co_await post(std::move(request));
}

asio::awaitable<Result<>> CallsApi::hang_up(std::string call_id) {
  ApiRequest request{"hangup", client_.provider().call_url(call_id, "hangup")};
  request.gone_is_success = true;
  co_return co_await post(std::move(request));
}

asio::awaitable<Result<>> CallsApi::post(ApiRequest request) {
  const auto answer = co_await client_.post(std::move(request));
  if (!answer) {
    co_return fail(answer.error());
  }
  co_return Result<>{};
}

}  // namespace offhook::openai
