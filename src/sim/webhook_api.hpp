#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "base/secret.hpp"
#include "net/http_message.hpp"
#include "sim/ids.hpp"
#include "sim/webhook_endpoints.hpp"
#include "sim/webhook_sender.hpp"

namespace offhook::sim {

/// /v1/webhook_endpoints and /v1/webhook_event_types (docs/openai-behaviour.md 3.1). Control
/// thread.
class WebhookApi {
 public:
  /// @param endpoints,sender  Outlive this.
  /// @param seed              Not 0: the times that bodies tell are made up.
  WebhookApi(WebhookEndpoints& endpoints,
             WebhookSender& sender,
             Secret key,
             Ids ids,
             std::uint32_t seed = 0);

  /// Whether a path is one of these.
  [[nodiscard]] static bool serves(std::string_view path) noexcept;
  [[nodiscard]] boost::asio::awaitable<net::HttpResponse> handle(net::HttpRequest request);

 private:
  /// An id and what is wanted of it: both may be empty.
  struct Route {
    std::string id;
    std::string_view operation;
  };

  [[nodiscard]] static Route route_of(std::string_view path);
  [[nodiscard]] ApiResult<boost::json::object> act(const net::HttpRequest& request);
  [[nodiscard]] ApiResult<boost::json::object> post(const Route& route, std::string_view body);
  [[nodiscard]] boost::asio::awaitable<ApiResult<boost::json::object>> test(std::string id,
                                                                            std::string body);

  WebhookEndpoints& endpoints_;
  WebhookSender& sender_;
  Secret key_;
  Ids ids_;
  std::uint32_t seed_;
};

}  // namespace offhook::sim
