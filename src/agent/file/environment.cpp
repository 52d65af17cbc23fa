#include "agent/file/environment.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace offhook::agent::file {
namespace {

bool is_name(std::string_view text) {
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

class Expander {
 public:
  Expander(const Environment& environment, Problems& problems)
      : environment_{environment}, problems_{problems} {}

  void expand(Node& node, const std::string& path) {
    if (node.kind == Node::Kind::scalar) {
      node.text = expanded(node, path);
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      expand(node.items[i], fmt::format("{}[{}]", path, i));
    }
    for (Member& member : node.members) {
      expand(member.value, join_path(path, member.name));
    }
  }

 private:
  std::string expanded(Node& node, const std::string& path) {
    const std::string_view text = node.written;
    std::string result;
    std::size_t at = 0;
    for (;;) {
      const std::size_t open = text.find("${", at);
      if (open == std::string_view::npos) {
        return result.append(text.substr(at));
      }
      result.append(text.substr(at, open - at));
      if (open > at && text[open - 1] == '$') {
        result.push_back('{');
        at = open + 2;
        continue;
      }
      const std::size_t close = text.find('}', open);
      if (close == std::string_view::npos) {
        complain(node, path, "\"${\" without its \"}\"; write $${ for a plain ${");
        return result;
      }
      result += value_of(text.substr(open + 2, close - open - 2), node, path);
      at = close + 1;
    }
  }

  std::string value_of(std::string_view inside, Node& node, const std::string& path) {
    const std::size_t colon = inside.find(":-");
    const std::string name{inside.substr(0, colon)};
    if (!is_name(name)) {
      complain(node, path,
               "what stands in ${} is no name of an environment variable; write ${NAME} or "
               "${NAME:-default}, or $${ for a plain ${");
      return {};
    }
    auto value = environment_ ? environment_(name) : std::nullopt;
    const bool use_default = colon != std::string_view::npos && (!value || value->empty());
    if (use_default) {
      return std::string{inside.substr(colon + 2)};
    }
    if (!value) {
      complain(node, path,
               fmt::format("environment variable {} is not set; set it, or write "
                           "${{{}:-default}}",
                           name, name));
      return {};
    }
    return std::move(*value);
  }

  void complain(Node& node, const std::string& path, std::string what) {
    node.broken = true;
    problems_.add(node.mark, path, std::move(what));
  }

  const Environment& environment_;
  Problems& problems_;
};

}  // namespace

void expand_environment(Node& root, const Environment& environment, Problems& problems) {
  Expander{environment, problems}.expand(root, {});
}

}  // namespace offhook::agent::file
