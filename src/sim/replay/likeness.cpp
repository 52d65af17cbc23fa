#include "sim/replay/likeness.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "base/json.hpp"
#include "base/printable.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_brief = 200;

/// By which a client knows its own things again.
bool is_chosen(std::string_view key) {
  return key == "event_id" || key == "id" || key == "previous_item_id" || key == "metadata";
}

std::optional<Difference> differ(const json::value* recorded,
                                 const json::value* live,
                                 const std::string& path) {
  if (recorded == nullptr || live == nullptr) {
    return Difference{path, recorded == nullptr ? "nothing" : brief(*recorded),
                      live == nullptr ? "nothing" : brief(*live)};
  }
  const auto inside = [&](std::string_view key) {
    return path.empty() ? std::string{key} : path + '.' + std::string{key};
  };
  if (recorded->is_object() && live->is_object()) {
    for (const auto& [key, value] : recorded->get_object()) {
      if (!is_chosen(key)) {
        if (auto found = differ(&value, live->get_object().if_contains(key), inside(key))) {
          return found;
        }
      }
    }
    for (const auto& [key, value] : live->get_object()) {
      if (!is_chosen(key) && !recorded->get_object().contains(key)) {
        return differ(nullptr, &value, inside(key));
      }
    }
    return std::nullopt;
  }
  if (recorded->is_array() && live->is_array() &&
      recorded->get_array().size() == live->get_array().size()) {
    for (std::size_t i = 0; i < live->get_array().size(); ++i) {
      const std::string index = std::to_string(i);
      if (auto found = differ(&recorded->get_array()[i], &live->get_array()[i], inside(index))) {
        return found;
      }
    }
    return std::nullopt;
  }
  if (*recorded == *live) {
    return std::nullopt;
  }
  return Difference{path, brief(*recorded), brief(*live)};
}

json::array tool_names(const json::object& session) {
  json::array names;
  const json::value* const tools = session.if_contains("tools");
  const json::array* const list = tools == nullptr ? nullptr : tools->if_array();
  for (const json::value& tool : list == nullptr ? json::array{} : *list) {
    const auto name = json_string(tool, "name");
    names.push_back(json::value(name.empty() ? json_string(tool, "server_label") : name));
  }
  return names;
}

}  // namespace

const json::value* event_at(const json::object& event, std::string_view path) noexcept {
  const auto dot = path.find('.');
  const json::value* const first = event.if_contains(path.substr(0, dot));
  return first == nullptr || dot == std::string_view::npos ? first
                                                           : json_at(*first, path.substr(dot + 1));
}

std::string_view event_text(const json::object& event, std::string_view path) noexcept {
  const json::value* const value = event_at(event, path);
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view{} : std::string_view{*text};
}

std::string kind_of(const json::object& client_event) {
  std::string kind{event_text(client_event, "type")};
  for (const char* path : {"item.type", "item.role", "item.call_id", "item.approval_request_id"}) {
    if (const auto text = event_text(client_event, path); !text.empty()) {
      kind += ' ';
      kind += text;
    }
  }
  return kind;
}

std::optional<Difference> first_difference(const json::object& recorded, const json::object& live) {
  const json::value left(recorded);
  const json::value right(live);
  return differ(&left, &right, {});
}

std::optional<Difference> session_difference(const json::object& recorded,
                                             const json::object& live) {
  for (const char* key : {"model", "instructions"}) {
    const json::value* const was = recorded.if_contains(key);
    const json::value* const is = live.if_contains(key);
    if (auto found = was == nullptr ? std::nullopt : differ(was, is, key)) {
      return found;
    }
  }
  const json::value was(tool_names(recorded));
  const json::value is(tool_names(live));
  return was == is ? std::nullopt : std::optional{Difference{"tools", brief(was), brief(is)}};
}

std::string brief(const json::value& value) {
  return printable(json::serialize(value), longest_brief);
}

}  // namespace offhook::sim
