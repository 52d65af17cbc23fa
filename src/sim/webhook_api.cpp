#include "sim/webhook_api.hpp"

#include <utility>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "net/url.hpp"
#include "sim/call_clock.hpp"
#include "sim/request_body.hpp"
#include "sim/rest_api.hpp"
#include "sim/webhook_body.hpp"

namespace offhook::sim {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::string_view endpoints_path = "/v1/webhook_endpoints";
constexpr std::string_view types_path = "/v1/webhook_event_types";

ApiError unknown_url(const net::HttpRequest& request) {
  return {"unknown_url", fmt::format("Invalid URL ({} {})", request.method, request.path()),
          std::nullopt, 404};
}

/// A test refers to no call: the id means nothing.
std::string test_body(const std::string& type, Ids& ids, std::int64_t now) {
  if (type == "realtime.call.incoming") {
    IncomingEvent event;
    event.event_id = ids.webhook_event(now);
    event.created_at = now;
    event.call_id = ids.call();
    return webhook_body(event);
  }
  return fmt::format(
      R"({{"id": {}, "object": "event", "created_at": {}, "type": {}, "data": {{}}}})",
      quote_ascii(ids.webhook_event(now)), now, quote_ascii(type));
}

}  // namespace

WebhookApi::WebhookApi(
    WebhookEndpoints& endpoints, WebhookSender& sender, Secret key, Ids ids, std::uint32_t seed)
    : endpoints_{endpoints},
      sender_{sender},
      key_{std::move(key)},
      ids_{std::move(ids)},
      seed_{seed} {}

bool WebhookApi::serves(std::string_view path) noexcept {
  return path == types_path || path == endpoints_path ||
         (path.starts_with(endpoints_path) && path[endpoints_path.size()] == '/');
}

WebhookApi::Route WebhookApi::route_of(std::string_view path) {
  Route route;
  if (path.size() <= endpoints_path.size() + 1) {
    return route;
  }
  path.remove_prefix(endpoints_path.size() + 1);
  const auto slash = path.find('/');
  route.id = net::percent_decode(path.substr(0, slash));
  if (slash != std::string_view::npos) {
    route.operation = path.substr(slash + 1);
  }
  return route;
}

asio::awaitable<net::HttpResponse> WebhookApi::handle(net::HttpRequest request) {
  const std::string request_id = ids_.request();
  if (!authorized(request, key_)) {
    co_return error_response(wrong_key(), request_id);
  }
  const Route route = route_of(request.path());
  ApiResult<json::object> result = refuse(unknown_url(request));
  if (request.method == "POST" && route.operation == "test") {
    result = co_await test(route.id, request.body);
  } else {
    result = act(request);
  }
  if (!result) {
    co_return error_response(result.error(), request_id);
  }
  net::HttpResponse response;
  response.headers.add("content-type", "application/json");
  response.headers.add("x-request-id", request_id);
  response.body = json::serialize(*result);
  co_return response;
}

ApiResult<json::object> WebhookApi::act(const net::HttpRequest& request) {
  if (request.path() == types_path && request.method == "GET") {
    return WebhookEndpoints::event_types();
  }
  const Route route = route_of(request.path());
  const bool whole = route.operation.empty();
  if (request.method == "GET" && whole) {
    return route.id.empty() ? endpoints_.list(request.query("after"), request.query("limit"))
                            : endpoints_.get(route.id);
  }
  if (request.method == "DELETE" && whole && !route.id.empty()) {
    return endpoints_.remove(route.id);
  }
  if (request.method == "POST" && request.path() != types_path &&
      (whole || route.operation == "rotate_secret")) {
    return post(route, request.body);
  }
  return refuse(unknown_url(request));
}

ApiResult<json::object> WebhookApi::post(const Route& route, std::string_view body) {
  const bool rotation = route.operation == "rotate_secret";
  const auto wish = parse_object(rotation && body.empty() ? "{}" : body);
  if (!wish) {
    return refuse(wish.error());
  }
  const std::int64_t now = sim_seconds(seed_);
  if (rotation) {
    return endpoints_.rotate(route.id, *wish, now);
  }
  return route.id.empty() ? endpoints_.create(*wish, now) : endpoints_.update(route.id, *wish, now);
}

asio::awaitable<ApiResult<json::object>> WebhookApi::test(std::string id, std::string body) {
  const auto wish = parse_object(body);
  if (!wish) {
    co_return refuse(wish.error());
  }
  const auto type = WebhookEndpoints::test_type(*wish);
  if (!type) {
    co_return refuse(type.error());
  }
  const auto known = endpoints_.get(id);
  if (!known) {
    co_return refuse(known.error());
  }
  auto target = endpoints_.target(id, sim_seconds(seed_));
  std::string event = test_body(*type, ids_, sim_seconds(seed_));
  const DeliveryAttempt attempt =
      co_await sender_.try_once(std::move(*target), ids_.delivery(), std::move(event));
  if (!attempt.problem.empty()) {
    co_return refuse({"webhook_test_failed", "The test delivery failed: " + attempt.problem + "."});
  }
  co_return json::object{{"object", "webhook_endpoint.test"},
                         {"event_type", *type},
                         {"status_code", attempt.status},
                         {"success", true},
                         {"webhook_endpoint_id", id}};
}

}  // namespace offhook::sim
