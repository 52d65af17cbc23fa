#include "sim/rest_api.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/algorithm/string/predicate.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include "base/json.hpp"
#include "net/url.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr std::string_view calls_path = "/v1/realtime/calls/";
constexpr int default_reject_status = 603;

/// "/v1/realtime/calls/{call_id}/{operation}" taken apart.
struct Route {
  std::string call_id;
  std::string_view operation;
};

std::optional<Route> find_route(std::string_view path) {
  if (path.substr(0, calls_path.size()) != calls_path) {
    return std::nullopt;
  }
  path.remove_prefix(calls_path.size());
  const auto slash = path.find('/');
  if (slash == 0 || slash == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view operation = path.substr(slash + 1);
  for (std::string_view known : {"accept", "reject", "refer", "hangup"}) {
    if (operation == known) {
      return Route{net::percent_decode(path.substr(0, slash)), known};
    }
  }
  return std::nullopt;
}

ApiResult<json::value> parse_object(std::string_view body) {
  auto parsed = parse_json(body);
  if (!parsed || !parsed->is_object()) {
    return refuse({"", "We could not parse the JSON body of your request."});
  }
  return std::move(*parsed);
}

ApiResult<> only_field(const json::value& body, std::string_view name) {
  for (const auto& [key, value] : body.as_object()) {
    if (key != name) {
      return refuse(unknown_parameter(std::string{key}));
    }
  }
  return {};
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

}  // namespace

bool authorized(const net::HttpRequest& request, const Secret& key) {
  constexpr std::string_view scheme = "Bearer ";
  std::string_view shown = request.headers.get("Authorization");
  if (key.empty() || !boost::istarts_with(shown, scheme)) {
    return false;
  }
  shown.remove_prefix(scheme.size());
  const std::string_view wanted = key.reveal();
  return shown.size() == wanted.size() &&
         CRYPTO_memcmp(shown.data(), wanted.data(), wanted.size()) == 0;
}

ApiError wrong_key() {
  return {"invalid_api_key", "Incorrect API key provided.", std::nullopt, 401};
}

net::HttpResponse error_response(const ApiError& error, const std::string& request_id) {
  net::HttpResponse response;
  response.status = error.status;
  response.headers.add("content-type", "application/json");
  response.headers.add("x-request-id", request_id);
  response.body = json::serialize(json::object{{"error", to_json(error)}});
  return response;
}

RestApi::RestApi(Calls& calls, Secret key, Ids ids)
    : calls_{calls}, key_{std::move(key)}, ids_{std::move(ids)} {}

net::HttpResponse RestApi::handle(const net::HttpRequest& request) {
  net::HttpResponse response;
  const std::string request_id = ids_.request();
  if (!authorized(request, key_)) {
    return error_response(wrong_key(), request_id);
  }
  if (request.method == "GET" && request.path() == "/_sim") {
    response.headers.add("content-type", "application/json");
    response.body = json::serialize(json::object{{"calls", calls_.describe()}});
    return response;
  }
  const auto route = find_route(request.path());
  if (!route) {
    return error_response(
        {"unknown_url", fmt::format("Invalid URL ({} {})", request.method, request.path()),
         std::nullopt, 404},
        request_id);
  }
  if (request.method != "POST") {
    return error_response(
        {"method_not_allowed",
         fmt::format("Not allowed to {} on {}", request.method, request.path()), std::nullopt, 405},
        request_id);
  }
  if (const auto done = act(route->operation, route->call_id, request.body); !done) {
    return error_response(done.error(), request_id);
  }
  response.headers.add("x-request-id", request_id);
  return response;
}

ApiResult<> RestApi::act(std::string_view operation,
                         const std::string& call_id,
                         std::string_view body) {
  if (operation == "accept") {
    return accept(call_id, body);
  }
  if (operation == "reject") {
    return reject(call_id, body);
  }
  if (operation == "refer") {
    return refer(call_id, body);
  }
  return hang_up(call_id);
}

ApiResult<> RestApi::accept(const std::string& call_id, std::string_view body) {
  const auto leg = calls_.pending_for_accept(call_id);
  if (!leg) {
    return refuse(leg.error());
  }
  const auto session = parse_object(body);
  if (!session) {
    return refuse(session.error());
  }
  auto config = SessionConfig::from_accept(*session, (*leg)->codec());
  if (!config) {
    return refuse(std::move(config).error());
  }
  calls_.decide(call_id, CallState::accepted);
  (*leg)->accept(std::move(*config));
  return {};
}

ApiResult<> RestApi::reject(const std::string& call_id, std::string_view body) {
  const auto leg = calls_.pending(call_id);
  if (!leg) {
    return refuse(leg.error());
  }
  int status = default_reject_status;
  if (!body.empty()) {
    const auto wish = parse_object(body);
    if (!wish) {
      return refuse(wish.error());
    }
    if (auto checked = only_field(*wish, "status_code"); !checked) {
      return checked;
    }
    if (wish->as_object().contains("status_code")) {
      const auto code = json_int(*wish, "status_code");
      if (!code || *code < 300 || *code > 699) {
        return refuse(invalid_value("status_code", "300 to 699"));
      }
      status = static_cast<int>(*code);
    }
  }
  calls_.decide(call_id, CallState::rejected);
  (*leg)->reject(status);
  return {};
}

ApiResult<> RestApi::refer(const std::string& call_id, std::string_view body) {
  const auto leg = calls_.answered(call_id);
  if (!leg) {
    return refuse(leg.error());
  }
  const auto wish = parse_object(body);
  if (!wish) {
    return refuse(wish.error());
  }
  if (auto checked = only_field(*wish, "target_uri"); !checked) {
    return checked;
  }
  const auto target = json_string(*wish, "target_uri");
  if (target.empty()) {
    return refuse(missing_parameter("target_uri"));
  }
  if (has_control_characters(target)) {
    return refuse(invalid_value("target_uri", "a URI such as tel:+14155550123"));
  }
  (*leg)->refer(std::string{target});
  return {};
}

ApiResult<> RestApi::hang_up(const std::string& call_id) {
  const auto leg = calls_.accepted(call_id);
  if (!leg) {
    return refuse(leg.error());
  }
  (*leg)->hang_up();
  return {};
}

}  // namespace offhook::sim
