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
#include "sim/call_clock.hpp"
#include "sim/request_body.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr std::string_view calls_path = "/v1/realtime/calls/";
constexpr std::string_view create_path = "/v1/live/sessions";
constexpr std::string_view secrets_path = "/v1/realtime/client_secrets";
constexpr std::string_view view_path = "/_sim";
constexpr std::string_view view_calls_path = "/_sim/calls/";
constexpr int default_reject_status = 603;
constexpr std::chrono::milliseconds slow_rest_answer{1'000};
constexpr int too_many_requests = 429;

/// "/v1/realtime/calls/{id}/{operation}" or "/v1/live/sessions/{id}/{operation}" taken apart.
struct Route {
  Api api = Api::realtime;
  std::string id;
  std::string_view operation;
};

std::optional<Route> find_route(std::string_view path) {
  Route route;
  if (path.starts_with(calls_path)) {
    path.remove_prefix(calls_path.size());
  } else if (path.starts_with(live_sessions_path)) {
    path.remove_prefix(live_sessions_path.size());
    route.api = Api::live;
  } else {
    return std::nullopt;
  }
  const auto slash = path.find('/');
  if (slash == 0 || slash == std::string_view::npos) {
    return std::nullopt;
  }
  route.id = net::percent_decode(path.substr(0, slash));
  const std::string_view operation = path.substr(slash + 1);
  for (std::string_view known : {"accept", "reject", "refer", "hangup"}) {
    if (operation == known) {
      route.operation = known;
      return route;
    }
  }
  return std::nullopt;
}

/// From this machine, and meant for it: a page in somebody's browser can name any host.
bool is_near(const net::HttpRequest& request) {
  const auto peer = net::parse_host_port(request.peer);
  const auto host = net::parse_host_port(request.headers.get("Host"));
  return peer && host && net::is_loopback(peer->host) && net::is_loopback(host->host);
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
  if (error.status == too_many_requests) {
    response.headers.add("retry-after", "1");
  }
  response.body = json::serialize(json::object{{"error", to_json(error)}});
  return response;
}

RestApi::RestApi(Calls& calls, Secret key, Ids ids, RestRules rules, RestHooks hooks)
    : calls_{calls},
      key_{std::move(key)},
      ids_{std::move(ids)},
      rules_{rules},
      hooks_{std::move(hooks)} {}

std::chrono::milliseconds RestApi::delay(const net::HttpRequest& request) const {
  const auto route = find_route(request.path());
  const auto leg = route ? calls_.leg(route->api, route->id) : nullptr;
  return leg && leg->quirks().has(Quirk::slow) ? slow_rest_answer : std::chrono::milliseconds{0};
}

net::HttpResponse RestApi::view(std::string_view path, const std::string& request_id) const {
  json::object all;
  if (path == view_path) {
    all = hooks_.status ? hooks_.status() : json::object{};
    all["calls"] = calls_.describe();
  } else {
    const std::string id = net::percent_decode(path.substr(view_calls_path.size()));
    auto story = hooks_.story ? hooks_.story(id) : std::nullopt;
    if (!story) {
      return error_response(
          {"call_id_not_found", "No such call, or it ended too long ago.", std::nullopt, 404},
          request_id);
    }
    all = std::move(*story);
  }
  net::HttpResponse response;
  response.headers.add("content-type", "application/json");
  response.body = json::serialize(all);
  return response;
}

RestAnswer RestApi::handle(const net::HttpRequest& request, const net::HttpRequest& sent) {
  RestAnswer answer = serve(request);
  const net::HttpResponse& response = answer.response;
  const auto route = find_route(request.path());
  if (route && hooks_.answered) {
    const auto body = parse_json(response.body);
    hooks_.answered(route->id, sent, response.status,
                    body ? json_string(*body, "error.code") : std::string_view{});
  }
  return answer;
}

RestAnswer RestApi::serve(const net::HttpRequest& request) {
  net::HttpResponse response;
  const std::string request_id = ids_.request();
  const bool viewing = request.method == "GET" &&
                       (request.path() == view_path || request.path().starts_with(view_calls_path));
  if (!authorized(request, key_) && !(viewing && is_near(request))) {
    return error_response(wrong_key(), request_id);
  }
  if (viewing) {
    return view(request.path(), request_id);
  }
  if (request.method == "POST" &&
      (request.path() == create_path || request.path() == secrets_path)) {
    const auto created =
        request.path() == create_path ? create_session(request.body) : create_secret(request.body);
    if (!created) {
      return error_response(created.error(), request_id);
    }
    response.headers.add("content-type", "application/json");
    response.headers.add("x-request-id", request_id);
    response.body = json::serialize(*created);
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
  const auto leg = calls_.leg(route->api, route->id);  // an operation may end it
  if (const auto done = act({route->api, route->id}, route->operation, request.body); !done) {
    return error_response(done.error(), request_id);
  }
  const QuirkSet quirks = leg ? leg->quirks() : QuirkSet{};
  if (route->operation == "accept" && quirks.has(Quirk::accept_204)) {
    response.status = 204;
  }
  if (route->operation != "refer" || !quirks.has(Quirk::refer_no_id)) {
    response.headers.add("x-request-id", request_id);
  }
  const bool lost = leg && calls_.loses_answer(route->api, route->id, *leg, route->operation);
  return {std::move(response), lost};
}

ApiResult<json::object> RestApi::create_session(std::string_view body) {
  if (!rules_.outbound || !hooks_.dial) {
    return refuse({"outbound_sip_not_enabled", "Outbound SIP is not enabled for this organization.",
                   std::nullopt, 403});
  }
  const auto wish = parse_object(body);
  if (!wish) {
    return refuse(wish.error());
  }
  auto request = parse_outbound(*wish, rules_.outbound_local);
  if (!request) {
    return refuse(std::move(request).error());
  }
  const auto id = hooks_.dial(std::move(*request));
  if (!id) {
    return refuse(id.error());
  }
  return json::object{{"session", json::object{{"id", *id}}},
                      {"transport", json::object{{"type", "sip"}}}};
}

/// What a browser would connect with, by WebRTC, which the sim has not: the session is what counts.
ApiResult<json::object> RestApi::create_secret(std::string_view body) {
  const auto wish = parse_object(body.empty() ? "{}" : body);
  if (!wish) {
    return refuse(wish.error());
  }
  if (auto checked = only_fields(*wish, "expires_after session"); !checked) {
    return refuse(std::move(checked).error());
  }
  const auto lifetime = secret_lifetime(*wish);
  if (!lifetime) {
    return refuse(lifetime.error());
  }
  SessionRules rules = rules_.session;
  rules.vad_in_accept = true;
  rules.formats_of_body = true;
  const json::value* const wanted = json_at(*wish, "session");
  const json::value usual = json::object{{"type", "realtime"}};
  const auto config =
      SessionConfig::from_accept(wanted != nullptr ? *wanted : usual, audio::CodecId::opus, rules);
  if (!config) {
    return refuse(config.error());
  }
  json::object session = config->json();
  session["id"] = ids_.realtime("sess_");
  const std::int64_t now = ids_.seeded() ? CallClock::epoch : unix_seconds();
  return json::object{{"value", ids_.client_secret()},
                      {"expires_at", now + *lifetime},
                      {"session", std::move(session)}};
}

ApiResult<> RestApi::act(const CallRef& call, std::string_view operation, std::string_view body) {
  if (auto fault = calls_.fault(call.api, call.id, operation)) {
    return refuse(std::move(*fault));
  }
  if (operation == "accept") {
    return accept(call, body);
  }
  if (operation == "reject") {
    return reject(call, body);
  }
  if (operation == "refer") {
    return refer(call, body);
  }
  return hang_up(call);
}

ApiResult<> RestApi::accept(const CallRef& call, std::string_view body) {
  const auto leg = calls_.pending(call.api, call.id);
  if (!leg) {
    return refuse(leg.error());
  }
  if (call.api == Api::live && !rules_.live_on_plain_rtp && !(*leg)->secure()) {
    return refuse({"sip_media_security_required",
                   "Live sessions need SRTP on the SIP leg, and this call offers plain RTP.",
                   std::nullopt, 400});
  }
  auto taken =
      call.api == Api::live ? accept_live(call, **leg, body) : accept_realtime(call, **leg, body);
  if (!taken && rules_.bad_accept_fails_later) {
    calls_.decide(call.api, call.id, CallState::accepted);
    (*leg)->fail_accepted();
    return {};
  }
  return taken;
}

ApiResult<> RestApi::accept_realtime(const CallRef& call, Leg& leg, std::string_view body) {
  const auto wish = parse_object(body);
  if (!wish) {
    return refuse(wish.error());
  }
  auto config = SessionConfig::from_accept(*wish, leg.codec(), rules_.session);
  if (!config) {
    return refuse(std::move(config).error());
  }
  calls_.decide(call.api, call.id, CallState::accepted);
  leg.accept(std::move(*config));
  return {};
}

ApiResult<> RestApi::accept_live(const CallRef& call, Leg& leg, std::string_view body) {
  const auto wish = parse_object(body);
  if (!wish) {
    return refuse(wish.error());
  }
  if (auto checked = only_fields(*wish, "session"); !checked) {
    return checked;
  }
  const auto* const session = json_at(*wish, "session");
  if (session == nullptr) {
    return refuse(missing_parameter("session"));
  }
  auto config = LiveConfig::from_body(*session, true);
  if (!config) {
    return refuse(std::move(config).error());
  }
  calls_.decide(call.api, call.id, CallState::accepted);
  leg.accept_live(std::move(*config));
  return {};
}

ApiResult<> RestApi::reject(const CallRef& call, std::string_view body) {
  const auto leg = calls_.pending(call.api, call.id);
  if (!leg) {
    return refuse(leg.error());
  }
  ApiResult<int> status = default_reject_status;
  if (!body.empty() || call.api == Api::live) {
    const auto wish = parse_object(body.empty() ? "{}" : body);
    if (!wish) {
      return refuse(wish.error());
    }
    if (auto checked = only_fields(*wish, "status_code"); !checked) {
      return checked;
    }
    if (wish->as_object().contains("status_code")) {
      status = reject_status(*wish);
    } else if (call.api == Api::live) {
      status = refuse(missing_parameter("status_code"));
    }
  }
  if (!status) {
    return refuse(std::move(status).error());
  }
  calls_.decide(call.api, call.id, CallState::rejected);
  (*leg)->reject(*status);
  return {};
}

ApiResult<> RestApi::refer(const CallRef& call, std::string_view body) {
  const auto leg = calls_.answered(call.api, call.id);
  if (!leg) {
    return refuse(leg.error());
  }
  auto target = refer_target(body);
  if (!target) {
    return refuse(std::move(target).error());
  }
  (*leg)->refer(std::move(*target));
  return {};
}

ApiResult<> RestApi::hang_up(const CallRef& call) {
  const auto leg = calls_.accepted(call.api, call.id);
  if (!leg) {
    return refuse(leg.error());
  }
  (*leg)->hang_up();
  return {};
}

}  // namespace offhook::sim
