#include "sim/webhook_endpoints.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <boost/json/array.hpp>

#include "base/base64.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "net/url.hpp"
#include "sim/request_body.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr std::size_t most_endpoints = 100;
constexpr std::size_t usual_page = 20;
constexpr std::size_t largest_page = 100;
constexpr std::int64_t day = 24 * 60 * 60;
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t hint_characters = 4;

/// Without those of Live, which only the dashboard offers.
constexpr std::array<std::string_view, 15> known_types{
    "batch.cancelled",        "batch.completed",
    "batch.expired",          "batch.failed",
    "eval.run.canceled",      "eval.run.failed",
    "eval.run.succeeded",     "fine_tuning.job.cancelled",
    "fine_tuning.job.failed", "fine_tuning.job.succeeded",
    "realtime.call.incoming", "response.cancelled",
    "response.completed",     "response.failed",
    "response.incomplete"};

bool is_known(std::string_view type) {
  return std::find(known_types.begin(), known_types.end(), type) != known_types.end();
}

Secret new_secret() {
  std::array<std::uint8_t, secret_bytes> bytes{};
  random_bytes(bytes);
  return Secret{"whsec_" + base64_encode(bytes)};
}

ApiError not_found(const std::string& id) {
  return {"webhook_endpoint_not_found", "No webhook endpoint found with id '" + id + "'.",
          std::nullopt, 404};
}

/// OpenAI takes https only; a receiver on this machine may do without.
ApiResult<std::string> read_url(const json::value& body) {
  const auto text = json_string(body, "url");
  const auto url = net::parse_url(text);
  const bool good =
      url && (url->scheme == "https" || (url->scheme == "http" && net::is_loopback(url->host)));
  if (!good) {
    return refuse(invalid_value("url", "an https address"));
  }
  return std::string{text};
}

ApiResult<std::vector<std::string>> read_types(const json::value& list) {
  std::vector<std::string> types;
  if (!list.is_array() || list.as_array().empty()) {
    return refuse(invalid_value("event_types", "a list of event types"));
  }
  for (const auto& type : list.as_array()) {
    if (!type.is_string() || !is_known(type.as_string())) {
      return refuse(invalid_value("event_types", "types that GET /v1/webhook_event_types lists"));
    }
    types.emplace_back(type.as_string());
  }
  return types;
}

}  // namespace

json::object WebhookEndpoints::to_json(const Endpoint& endpoint, bool with_secret) {
  json::array types;
  for (const std::string& type : endpoint.event_types) {
    types.push_back(json::value(type));
  }
  json::object object{{"id", endpoint.id},
                      {"object", "webhook_endpoint"},
                      {"created_at", endpoint.created_at},
                      {"event_types", std::move(types)},
                      {"name", endpoint.name},
                      {"url", endpoint.url}};
  const std::string_view secret = endpoint.secret.reveal();
  object["signing_secret_hint"] = nullptr;
  if (secret.size() > 4 * hint_characters) {
    object["signing_secret_hint"] =
        "whsec_..." + std::string{secret.substr(secret.size() - hint_characters)};
  }
  if (endpoint.updated_at) {
    object["updated_at"] = *endpoint.updated_at;
  }
  if (with_secret) {
    object["signing_secret"] = secret;
  }
  return object;
}

ApiResult<> WebhookEndpoints::apply(const json::value& body, Endpoint& endpoint) {
  if (auto checked = only_fields(body, "event_types name url"); !checked) {
    return checked;
  }
  if (const auto* const types = json_at(body, "event_types")) {
    auto read = read_types(*types);
    if (!read) {
      return refuse(std::move(read).error());
    }
    endpoint.event_types = std::move(*read);
  }
  if (json_at(body, "name") != nullptr) {
    endpoint.name = json_string(body, "name");
    if (endpoint.name.empty()) {
      return refuse(invalid_value("name", "a text"));
    }
  }
  if (json_at(body, "url") != nullptr) {
    auto url = read_url(body);
    if (!url) {
      return refuse(std::move(url).error());
    }
    endpoint.url = std::move(*url);
  }
  return {};
}

const WebhookEndpoints::Endpoint* WebhookEndpoints::find(const std::string& id) const {
  const auto found = std::find_if(endpoints_.begin(), endpoints_.end(),
                                  [&](const Endpoint& known) { return known.id == id; });
  return found == endpoints_.end() ? nullptr : &*found;
}

WebhookEndpoints::Endpoint* WebhookEndpoints::find(const std::string& id) {
  return const_cast<Endpoint*>(std::as_const(*this).find(id));
}

void WebhookEndpoints::configure(std::string url, Secret secret, std::int64_t now) {
  const auto known =
      std::find_if(endpoints_.begin(), endpoints_.end(),
                   [](const Endpoint& endpoint) { return endpoint.gets_everything; });
  if (url.empty()) {
    if (known != endpoints_.end()) {
      endpoints_.erase(known);
    }
    return;
  }
  if (known != endpoints_.end()) {  // what is under way goes on to the new address
    known->url = std::move(url);
    known->secret = std::move(secret);
    return;
  }
  Endpoint endpoint;
  endpoint.id = ids_.webhook_endpoint();
  endpoint.name = "dashboard";
  endpoint.url = std::move(url);
  endpoint.event_types = {"realtime.call.incoming", "live.transport.incoming",
                          "live.call.incoming"};
  endpoint.secret = std::move(secret);
  endpoint.created_at = now;
  endpoint.gets_everything = true;
  endpoints_.push_back(std::move(endpoint));
}

ApiResult<json::object> WebhookEndpoints::create(const json::value& body, std::int64_t now) {
  for (const std::string name : {"event_types", "name", "url"}) {
    if (json_at(body, name) == nullptr) {
      return refuse(missing_parameter(name));
    }
  }
  if (endpoints_.size() >= most_endpoints) {
    return refuse({"too_many_webhook_endpoints", "There are 100 webhook endpoints already."});
  }
  Endpoint endpoint;
  if (auto applied = apply(body, endpoint); !applied) {
    return refuse(std::move(applied).error());
  }
  endpoint.id = ids_.webhook_endpoint();
  endpoint.secret = new_secret();
  endpoint.created_at = now;
  endpoints_.push_back(std::move(endpoint));
  return to_json(endpoints_.back(), true);
}

ApiResult<json::object> WebhookEndpoints::list(const std::string& after,
                                               const std::string& limit) const {
  std::size_t most = usual_page;
  if (!limit.empty()) {
    const char* const last = limit.data() + limit.size();
    const auto [stop, failure] = std::from_chars(limit.data(), last, most);
    if (failure != std::errc{} || stop != last || most < 1 || most > largest_page) {
      return refuse(invalid_value("limit", "1 to 100"));
    }
  }
  auto next = endpoints_.rbegin();
  if (!after.empty()) {
    next = std::find_if(next, endpoints_.rend(),
                        [&](const Endpoint& known) { return known.id == after; });
    if (next == endpoints_.rend()) {
      return refuse(not_found(after));
    }
    ++next;
  }
  json::array data;
  json::value first;
  json::value last;
  for (; next != endpoints_.rend() && data.size() < most; ++next) {
    first = data.empty() ? json::value(next->id) : first;
    last = json::value(next->id);
    data.push_back(to_json(*next, false));
  }
  return json::object{{"object", "list"},
                      {"data", std::move(data)},
                      {"first_id", first},
                      {"last_id", last},
                      {"has_more", next != endpoints_.rend()}};
}

ApiResult<json::object> WebhookEndpoints::get(const std::string& id) const {
  const Endpoint* const endpoint = find(id);
  if (endpoint == nullptr) {
    return refuse(not_found(id));
  }
  return to_json(*endpoint, false);
}

ApiResult<json::object> WebhookEndpoints::update(const std::string& id,
                                                 const json::value& body,
                                                 std::int64_t now) {
  Endpoint* const endpoint = find(id);
  if (endpoint == nullptr) {
    return refuse(not_found(id));
  }
  Endpoint changed = *endpoint;
  if (auto applied = apply(body, changed); !applied) {
    return refuse(std::move(applied).error());
  }
  changed.updated_at = now;
  *endpoint = std::move(changed);
  return to_json(*endpoint, false);
}

ApiResult<json::object> WebhookEndpoints::remove(const std::string& id) {
  if (std::erase_if(endpoints_, [&](const Endpoint& known) { return known.id == id; }) == 0) {
    return refuse(not_found(id));
  }
  return json::object{{"id", id}, {"object", "webhook_endpoint.deleted"}, {"deleted", true}};
}

ApiResult<json::object> WebhookEndpoints::rotate(const std::string& id,
                                                 const json::value& body,
                                                 std::int64_t now) {
  constexpr std::string_view keep_field = "keep_old_secret_active_for_24_hours";
  Endpoint* const endpoint = find(id);
  if (endpoint == nullptr) {
    return refuse(not_found(id));
  }
  if (auto checked = only_fields(body, keep_field); !checked) {
    return refuse(std::move(checked).error());
  }
  const auto* const keep = json_at(body, keep_field);
  if (keep != nullptr && !keep->is_bool()) {
    return refuse(invalid_value(std::string{keep_field}, "true or false"));
  }
  const bool kept = keep != nullptr && keep->as_bool();
  endpoint->old_secret = kept ? std::exchange(endpoint->secret, Secret{}) : Secret{};
  endpoint->old_secret_until = kept ? now + day : 0;
  endpoint->secret = new_secret();
  endpoint->updated_at = now;
  return to_json(*endpoint, true);
}

std::vector<std::string> WebhookEndpoints::subscribers(std::string_view type) const {
  std::vector<std::string> ids;
  for (const Endpoint& endpoint : endpoints_) {
    const auto& types = endpoint.event_types;
    if (endpoint.gets_everything || std::find(types.begin(), types.end(), type) != types.end()) {
      ids.push_back(endpoint.id);
    }
  }
  return ids;
}

std::optional<WebhookTarget> WebhookEndpoints::target(const std::string& id,
                                                      std::int64_t now) const {
  const Endpoint* const endpoint = find(id);
  if (endpoint == nullptr) {
    return std::nullopt;
  }
  WebhookTarget target{endpoint->url, {endpoint->secret}};
  if (now < endpoint->old_secret_until) {
    target.secrets.push_back(endpoint->old_secret);
  }
  return target;
}

json::array WebhookEndpoints::describe() const {
  json::array list;
  for (const Endpoint& endpoint : endpoints_) {
    list.push_back(to_json(endpoint, false));
  }
  return list;
}

json::object WebhookEndpoints::event_types() {
  json::array data;
  for (const std::string_view type : known_types) {
    data.push_back(json::value(type));
  }
  return {{"object", "list"}, {"data", std::move(data)}};
}

ApiResult<std::string> WebhookEndpoints::test_type(const json::value& body) {
  if (auto checked = only_fields(body, "event_type"); !checked) {
    return refuse(std::move(checked).error());
  }
  if (json_at(body, "event_type") == nullptr) {
    return refuse(missing_parameter("event_type"));
  }
  const auto type = json_string(body, "event_type");
  if (!is_known(type)) {
    return refuse(invalid_value("event_type", "a type that GET /v1/webhook_event_types lists"));
  }
  return std::string{type};
}

}  // namespace offhook::sim
