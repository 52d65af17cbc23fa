#include "agent/file/check.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/duration.hpp"

namespace offhook::agent::file {
namespace {

bool is_secret(const Field& field) {
  return field.kind == FieldKind::secret || field.kind == FieldKind::secrets ||
         field.kind == FieldKind::secret_map;
}

/// `"14s" ` for messages, as the file has it; nothing for secrets.
std::string quote(const Node& node, const Field& field) {
  if (is_secret(field) || node.kind != Node::Kind::scalar) {
    return {};
  }
  return fmt::format("\"{}\" ", node.written.substr(0, 80));
}

class FieldCheck {
 public:
  FieldCheck(const Field& field, std::string path, Problems& problems)
      : field_{field}, path_{std::move(path)}, problems_{problems} {}

  void check(const Node& node) {
    if (node.broken) {
      return;
    }
    switch (field_.kind) {
      case FieldKind::text:
      case FieldKind::secret: text(node); break;
      case FieldKind::integer:
      case FieldKind::number: number(node); break;
      case FieldKind::flag: flag(node); break;
      case FieldKind::duration: duration(node); break;
      case FieldKind::word: word(node); break;
      case FieldKind::texts:
      case FieldKind::secrets: texts(node); break;
      case FieldKind::text_map:
      case FieldKind::secret_map: text_map(node); break;
      case FieldKind::json: expect(node, Node::Kind::map, "a map of names and values"); break;
      case FieldKind::section: section(node); break;
      case FieldKind::list: list(node); break;
      case FieldKind::map: map(node); break;
    }
  }

 private:
  void add(const Node& node, std::string what) { problems_.add(node.mark, path_, std::move(what)); }

  bool expect(const Node& node, Node::Kind kind, std::string_view what) {
    if (node.kind == kind) {
      return true;
    }
    add(node, fmt::format("must be {}", what));
    return false;
  }

  void text(const Node& node) {
    if (node.broken || !expect(node, Node::Kind::scalar, "a text")) {
      return;
    }
    if (node.text.empty() && field_.required) {
      add(node, "must not be empty");
    } else if (field_.check != nullptr) {
      if (auto wrong = field_.check(node.text); !wrong.empty()) {
        add(node, quote(node, field_) + wrong);
      }
    }
  }

  void number(const Node& node) {
    const bool whole = field_.kind == FieldKind::integer;
    const char* const kind = whole ? "a whole number" : "a number";
    const auto value = node.kind == Node::Kind::scalar ? parse_number(node.text) : std::nullopt;
    if (!value || (whole && *value != std::floor(*value))) {
      add(node, fmt::format("{}must be {}", quote(node, field_), kind));
    } else if (*value < field_.least || *value > field_.most) {
      add(node, fmt::format("{}must be {} from {} to {:.0f}", quote(node, field_), kind,
                            field_.least, field_.most));
    }
  }

  void flag(const Node& node) {
    if (node.kind != Node::Kind::scalar || !parse_flag(node.text)) {
      add(node, quote(node, field_) + "must be true or false");
    }
  }

  [[nodiscard]] bool is_word(const Node& node) const {
    const auto words = split_words(field_.words);
    return node.kind == Node::Kind::scalar &&
           std::find(words.begin(), words.end(), node.text) != words.end();
  }

  void duration(const Node& node) {
    if (!is_word(node) && (node.kind != Node::Kind::scalar || !parse_duration(node.text))) {
      std::string what = "must be a time with its unit (500ms, 30s, 5m, 2h, 7d)";
      if (!field_.words.empty()) {
        what += " or " + alternatives(split_words(field_.words));
      }
      add(node, quote(node, field_) + what);
    }
  }

  void word(const Node& node) {
    if (!is_word(node)) {
      const auto words = split_words(field_.words);
      const auto hint = node.kind == Node::Kind::scalar ? suggestion(node.text, words) : "";
      add(node, fmt::format("{}must be {}{}", quote(node, field_), alternatives(words), hint));
    }
  }

  void texts(const Node& node) {
    if (node.kind == Node::Kind::scalar) {
      text(node);
    } else if (expect(node, Node::Kind::list, "a list of texts")) {
      if (node.items.empty() && field_.required) {
        add(node, "must not be empty");
      }
      for (const Node& item : node.items) {
        text(item);
      }
    }
  }

  void text_map(const Node& node) {
    if (!expect(node, Node::Kind::map, "a map of names and texts")) {
      return;
    }
    for (const Member& member : node.members) {
      if (member.value.kind != Node::Kind::scalar) {
        problems_.add(member.value.mark, join_path(path_, member.name), "must be a text");
      }
    }
    names_once(node, path_);
  }

  void section(const Node& node) {
    if (field_.words.empty()) {
      check_section(node, *field_.section, path_, problems_);
    } else if (node.kind == Node::Kind::map) {
      check_section(node, *field_.section, path_, problems_);
    } else if (!is_word(node)) {
      add(node, fmt::format("{}must be {}, or a map", quote(node, field_),
                            alternatives(split_words(field_.words))));
    }
  }

  void list(const Node& node) {
    if (expect(node, Node::Kind::list, "a list")) {
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        check_section(node.items[i], *field_.section, fmt::format("{}[{}]", path_, i), problems_);
      }
    }
  }

  void map(const Node& node) {
    if (!expect(node, Node::Kind::map, "a map of names")) {
      return;
    }
    if (node.members.empty() && field_.required) {
      add(node, "must not be empty");
    }
    for (const Member& member : node.members) {
      check_section(member.value, *field_.section, join_path(path_, member.name), problems_);
    }
    names_once(node, path_);
  }

  void names_once(const Node& node, const std::string& path) {
    std::set<std::string_view> seen;
    for (const Member& member : node.members) {
      if (!seen.insert(member.name).second) {
        problems_.add(member.mark, join_path(path, member.name), "is given twice");
      }
    }
  }

  const Field& field_;
  std::string path_;
  Problems& problems_;
};

/// Why a field that the API has is not one of ours.
std::string_view known_refusal(const Section& section, std::string_view name) {
  constexpr std::array<std::string_view, 3> not_on_telephone{"threshold", "prefix_padding_ms",
                                                             "silence_duration_ms"};
  if (section.name == "turn_detection" &&
      std::find(not_on_telephone.begin(), not_on_telephone.end(), name) != not_on_telephone.end()) {
    return "is refused by the API on telephone calls, and the call would be lost; leave it out, or "
           "use semantic_vad with eagerness";
  }
  return {};
}

void unknown_field(const Member& member,
                   const Section& section,
                   const std::string& path,
                   Problems& problems) {
  if (const auto refusal = known_refusal(section, member.name); !refusal.empty()) {
    problems.add(member.mark, join_path(path, member.name), std::string{refusal});
    return;
  }
  std::vector<std::string_view> names;
  for (const Field& field : section.fields) {
    names.push_back(field.name);
  }
  auto hint = suggestion(member.name, names);
  if (hint.empty()) {
    hint = fmt::format("; allowed are {}", fmt::join(names, ", "));
  }
  problems.add(member.mark, join_path(path, member.name), "is no field of this place" + hint);
}

}  // namespace

void check_section(const Node& node,
                   const Section& section,
                   const std::string& path,
                   Problems& problems) {
  if (node.kind != Node::Kind::map) {
    problems.add(node.mark, path,
                 fmt::format("must be a map with the fields of {} {}",
                             section.name.starts_with("a") ? "an" : "a", section.name));
    return;
  }
  std::set<std::string_view> seen;
  for (const Member& member : node.members) {
    const auto field = std::find_if(section.fields.begin(), section.fields.end(),
                                    [&](const Field& f) { return f.name == member.name; });
    if (field == section.fields.end()) {
      unknown_field(member, section, path, problems);
    } else if (!seen.insert(field->name).second) {
      problems.add(member.mark, join_path(path, member.name), "is given twice");
    } else if (member.value.kind != Node::Kind::null || field->required) {
      FieldCheck{*field, join_path(path, member.name), problems}.check(member.value);
    }
  }
  for (const Field& field : section.fields) {
    if (field.required && !seen.contains(field.name)) {
      problems.add(node.mark, path, fmt::format("{} is missing: {}", field.name, field.meaning));
    }
  }
}

std::optional<bool> parse_flag(std::string_view text) noexcept {
  if (text == "true" || text == "yes" || text == "on") {
    return true;
  }
  if (text == "false" || text == "no" || text == "off") {
    return false;
  }
  return std::nullopt;
}

std::optional<double> parse_number(std::string_view text) noexcept {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

}  // namespace offhook::agent::file
