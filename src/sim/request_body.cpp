#include "sim/request_body.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

}  // namespace

ApiResult<json::value> parse_object(std::string_view body) {
  auto parsed = parse_json(body);
  if (!parsed || !parsed->is_object()) {
    return refuse({"", "We could not parse the JSON body of your request."});
  }
  return std::move(*parsed);
}

bool lists(std::string_view list, std::string_view name) noexcept {
  while (!list.empty()) {
    const auto space = std::min(list.find(' '), list.size());
    if (list.substr(0, space) == name) {
      return true;
    }
    list.remove_prefix(std::min(space + 1, list.size()));
  }
  return false;
}

ApiResult<> only_fields(const json::value& object,
                        std::string_view known,
                        const std::string& path) {
  for (const auto& [key, value] : object.as_object()) {
    const std::string_view name = key;
    if (!lists(known, name)) {
      return refuse(unknown_parameter((path.empty() ? path : path + ".") + std::string{name}));
    }
  }
  return {};
}

ApiResult<int> reject_status(const json::value& body) {
  const auto code = json_int(body, "status_code");
  if (!code || *code < 300 || *code > 699) {
    return refuse(invalid_value("status_code", "300 to 699"));
  }
  return static_cast<int>(*code);
}

ApiResult<int> secret_lifetime(const json::value& body) {
  constexpr int usual_seconds = 600;
  const json::value* const given = json_at(body, "expires_after");
  if (given == nullptr) {
    return usual_seconds;
  }
  if (!given->is_object()) {
    return refuse(invalid_value("expires_after", "an object"));
  }
  if (auto checked = only_fields(*given, "anchor seconds", "expires_after"); !checked) {
    return refuse(std::move(checked).error());
  }
  if (json_string(*given, "anchor", "created_at") != "created_at") {
    return refuse(invalid_value("expires_after.anchor", "created_at"));
  }
  if (!given->as_object().contains("seconds")) {
    return usual_seconds;
  }
  const auto seconds = json_int(*given, "seconds");
  if (!seconds || *seconds < 10 || *seconds > 7'200) {
    return refuse(invalid_value("expires_after.seconds", "10 to 7200"));
  }
  return static_cast<int>(*seconds);
}

ApiResult<std::string> refer_target(std::string_view body) {
  const auto wish = parse_object(body);
  if (!wish) {
    return refuse(wish.error());
  }
  if (auto checked = only_fields(*wish, "target_uri"); !checked) {
    return refuse(std::move(checked).error());
  }
  const auto target = json_string(*wish, "target_uri");
  if (target.empty()) {
    return refuse(missing_parameter("target_uri"));
  }
  const bool blank = target.find_first_not_of(' ') == std::string_view::npos;
  if (blank || has_control_characters(target)) {
    return refuse(invalid_value("target_uri", "a URI such as tel:+14155550123"));
  }
  return std::string{target};
}

}  // namespace offhook::sim
