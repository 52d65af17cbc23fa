#include "openai/sideband_event.hpp"

#include <utility>

#include <boost/json/value.hpp>

#include "base/json.hpp"

namespace offhook::openai {

namespace json = boost::json;

Result<SidebandEvent> parse_sideband_event(std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed) {
    return fail(std::move(parsed).error().with("event"));
  }
  json::object* body = parsed->if_object();
  if (body == nullptr) {
    return fail(Errc::malformed_message, "event: not an object");
  }
  const json::value* type = body->if_contains("type");
  if (type == nullptr || !type->is_string() || type->get_string().empty()) {
    return fail(Errc::malformed_message, "event: no type");
  }
  std::string name{std::string_view{type->get_string()}};
  return SidebandEvent{std::move(name), std::move(*body)};
}

}  // namespace offhook::openai
