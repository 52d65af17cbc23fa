#include "agent/file/reader.hpp"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>

#include "agent/file/check.hpp"
#include "agent/file/problems.hpp"
#include "base/duration.hpp"

namespace offhook::agent::file {

const Field& Reader::field(std::string_view name) const noexcept {
  const auto found = std::find_if(section_->fields.begin(), section_->fields.end(),
                                  [&](const Field& f) { return f.name == name; });
  assert(found != section_->fields.end() && "a field that is not in the table");
  return *found;
}

const Node* Reader::value(std::string_view name, Node::Kind kind) const noexcept {
  static_cast<void>(field(name));
  const Member* const member = node_ == nullptr ? nullptr : node_->find(name);
  return member == nullptr || member->value.kind != kind ? nullptr : &member->value;
}

bool Reader::has(std::string_view name) const noexcept {
  const Member* const member = node_ == nullptr ? nullptr : node_->find(name);
  return member != nullptr && member->value.kind != Node::Kind::null;
}

Mark Reader::mark(std::string_view name) const noexcept {
  const Member* const member = node_ == nullptr ? nullptr : node_->find(name);
  return member == nullptr ? mark() : member->value.mark;
}

const Node* Reader::node(std::string_view name) const noexcept {
  static_cast<void>(field(name));
  const Member* const member = node_ == nullptr ? nullptr : node_->find(name);
  return member == nullptr ? nullptr : &member->value;
}

std::string Reader::path(std::string_view name) const { return join_path(path_, name); }

std::string Reader::text(std::string_view name) const {
  const Node* const node = value(name, Node::Kind::scalar);
  std::string_view standard = field(name).standard;
  if (standard.size() >= 2 && standard.front() == '"') {
    standard = standard.substr(1, standard.size() - 2);
  }
  return node == nullptr ? std::string{standard} : node->text;
}

Secret Reader::secret(std::string_view name) const { return Secret{text(name)}; }

std::uint64_t Reader::integer(std::string_view name) const {
  if (!has(name) && field(name).standard.empty()) {
    return 0;
  }
  const double read = number(name);
  return static_cast<std::uint64_t>(std::clamp(read, field(name).least, field(name).most));
}

double Reader::number(std::string_view name) const {
  const Node* const node = value(name, Node::Kind::scalar);
  const auto given = node == nullptr ? std::nullopt : parse_number(node->text);
  return given ? *given : parse_number(field(name).standard).value_or(0);
}

bool Reader::flag(std::string_view name) const {
  const Node* const node = value(name, Node::Kind::scalar);
  const auto given = node == nullptr ? std::nullopt : parse_flag(node->text);
  return given ? *given : parse_flag(field(name).standard).value_or(false);
}

std::chrono::milliseconds Reader::duration(std::string_view name) const {
  return parse_duration(text(name)).value_or(std::chrono::milliseconds{0});
}

std::vector<std::string> Reader::texts(std::string_view name) const {
  std::vector<std::string> texts;
  if (const Node* const one = value(name, Node::Kind::scalar)) {
    texts.push_back(one->text);
  } else if (const Node* const list = value(name, Node::Kind::list)) {
    for (const Node& item : list->items) {
      texts.push_back(item.text);
    }
  } else {
    std::string_view standard = field(name).standard;  // "a, b"
    while (!standard.empty()) {
      const auto comma = std::min(standard.find(", "), standard.size());
      texts.emplace_back(standard.substr(0, comma));
      standard.remove_prefix(std::min(comma + 2, standard.size()));
    }
  }
  return texts;
}

std::vector<Secret> Reader::secrets(std::string_view name) const {
  std::vector<Secret> secrets;
  for (std::string& text : texts(name)) {
    secrets.emplace_back(std::move(text));
  }
  return secrets;
}

std::vector<std::pair<std::string, std::string>> Reader::text_map(std::string_view name) const {
  std::vector<std::pair<std::string, std::string>> map;
  if (const Node* const node = value(name, Node::Kind::map)) {
    for (const Member& member : node->members) {
      map.emplace_back(member.name, member.value.text);
    }
  }
  return map;
}

std::vector<std::pair<std::string, Secret>> Reader::secret_map(std::string_view name) const {
  std::vector<std::pair<std::string, Secret>> map;
  for (auto& [key, text] : text_map(name)) {
    map.emplace_back(key, Secret{std::move(text)});
  }
  return map;
}

boost::json::object Reader::json(std::string_view name) const {
  const Node* const node = value(name, Node::Kind::map);
  return node == nullptr ? boost::json::object{} : to_json(*node).as_object();
}

Reader Reader::section(std::string_view name) const {
  return {value(name, Node::Kind::map), *field(name).section, path(name)};
}

std::vector<Reader> Reader::list(std::string_view name) const {
  std::vector<Reader> readers;
  if (const Node* const node = value(name, Node::Kind::list)) {
    for (std::size_t i = 0; i < node->items.size(); ++i) {
      readers.emplace_back(&node->items[i], *field(name).section,
                           fmt::format("{}[{}]", path(name), i));
    }
  }
  return readers;
}

std::vector<std::pair<std::string, Reader>> Reader::map(std::string_view name) const {
  std::vector<std::pair<std::string, Reader>> readers;
  if (const Node* const node = value(name, Node::Kind::map)) {
    for (const Member& member : node->members) {
      readers.emplace_back(member.name, Reader{&member.value, *field(name).section,
                                               join_path(path(name), member.name)});
    }
  }
  return readers;
}

}  // namespace offhook::agent::file
