#include "sim/azure.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <boost/algorithm/string/predicate.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/json.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr std::string_view prefix = "/openai";
constexpr std::string_view base = "/openai/v1/";
constexpr std::string_view endpoints_path = "/v1/webhook_endpoints";
constexpr std::string_view dashboard = "/v1/dashboard";
constexpr std::string_view accept_front = "/v1/realtime/calls/";
/// Nobody has documented the rest of the API there.
constexpr std::string_view unknown = "/v1/unknown_to_azure";

void rename(json::value& object) {
  if (json_string(object, "object") == "webhook_endpoint") {
    object.as_object()["object"] = "webhook.endpoint";
  }
}

}  // namespace

bool is_azure(const net::HttpRequest& request) { return request.path().starts_with(base); }

net::HttpRequest without_azure(net::HttpRequest request) {
  if (!is_azure(request)) {
    return request;
  }
  request.target.erase(0, prefix.size());
  if (request.path().starts_with(std::string{dashboard} + "/webhook_endpoints")) {
    request.target.replace(0, dashboard.size(), "/v1");
  } else if (!request.path().starts_with("/v1/realtime")) {
    request.target = unknown;
  }
  net::HttpHeaders headers;
  for (const auto& header : request.headers) {
    if (boost::iequals(header.name, "api-key")) {
      headers.add("Authorization", "Bearer " + header.value);
    } else {
      headers.add(header.name, header.value);
    }
  }
  request.headers = std::move(headers);
  return request;
}

std::optional<ApiError> azure_refusal(const net::HttpRequest& request) {
  const std::string_view path = request.path();
  const auto operation = path.substr(path.rfind('/') + 1);
  if (path == unknown ||
      (path.starts_with(endpoints_path) && (operation == "rotate_secret" || operation == "test"))) {
    return ApiError{"unknown_url", fmt::format("Invalid URL ({})", request.method), std::nullopt,
                    404};
  }
  if (!path.starts_with(accept_front) || operation != "accept") {
    return std::nullopt;
  }
  const auto body = parse_json(request.body);
  for (const std::string_view field : {"type", "model", "instructions"}) {
    if (body && body->is_object() && json_at(*body, field) == nullptr) {
      return missing_parameter(std::string{field});
    }
  }
  return std::nullopt;
}

net::HttpResponse with_azure(net::HttpResponse response) {
  auto body = parse_json(response.body);
  if (!body || !body->is_object()) {
    return response;
  }
  rename(*body);
  if (auto* const list = body->as_object().if_contains("data"); list && list->is_array()) {
    for (json::value& one : list->get_array()) {
      rename(one);
    }
  }
  response.body = json::serialize(*body);
  return response;
}

}  // namespace offhook::sim
