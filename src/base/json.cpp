#include "base/json.hpp"

#include <algorithm>

#include <boost/json/parse.hpp>

namespace offhook {

namespace json = boost::json;

Result<json::value> parse_json(std::string_view text) {
  json::error_code failure;
  json::parse_options options;
  options.max_depth = 32;
  json::value value = json::parse({text.data(), text.size()}, failure, {}, options);
  if (failure) {
    return fail(Errc::malformed_message, "not JSON: " + failure.message());
  }
  return value;
}

const json::value* json_at(const json::value& root, std::string_view path) noexcept {
  const json::value* at = &root;
  while (!path.empty()) {
    const std::string_view key = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), key.size() + 1));
    const json::object* object = at->if_object();
    at = object == nullptr ? nullptr : object->if_contains({key.data(), key.size()});
    if (at == nullptr) {
      return nullptr;
    }
  }
  return at;
}

std::string_view json_string(const json::value& root,
                             std::string_view path,
                             std::string_view otherwise) noexcept {
  const json::value* value = json_at(root, path);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? otherwise : std::string_view{text->data(), text->size()};
}

std::optional<std::int64_t> json_int(const json::value& root, std::string_view path) noexcept {
  const json::value* value = json_at(root, path);
  if (value == nullptr || !value->is_number()) {
    return std::nullopt;
  }
  json::error_code failure;
  const auto number = value->to_number<std::int64_t>(failure);
  return failure ? std::nullopt : std::optional{number};
}

}  // namespace offhook
