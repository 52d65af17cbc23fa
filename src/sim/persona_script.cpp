#include "sim/persona_script.hpp"

#include <array>

#include <yaml-cpp/yaml.h>

#include "sim/request_body.hpp"

namespace offhook::sim {
namespace {

using Match = std::match_results<std::string_view::const_iterator>;

/// Puts what fitted in place of $0 to $9.
std::string fill_in(const std::string& text, const Match& match) {
  std::string filled;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool mark =
        text[i] == '$' && i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9';
    if (!mark) {
      filled += text[i];
      continue;
    }
    filled += match[static_cast<std::size_t>(text[++i] - '0')].str();
  }
  return filled;
}

/// Why a node of the file cannot be used.
Error wrong(const std::string& name, const YAML::Node& node, const std::string& what) {
  return {Errc::invalid_argument, name + ':' + std::to_string(node.Mark().line + 1) + ": " + what};
}

Result<std::vector<std::string>> texts(const std::string& name,
                                       const std::string& field,
                                       const YAML::Node& node) {
  std::vector<std::string> all;
  if (node.IsScalar()) {
    all.push_back(node.Scalar());
  }
  for (const auto& text : node.IsSequence() ? node : YAML::Node{}) {
    if (!text.IsScalar()) {
      return fail(wrong(name, text, field + ": a list of texts is wanted"));
    }
    all.push_back(text.Scalar());
  }
  if (all.empty()) {
    return fail(wrong(name, node, field + ": a text or a list of texts is wanted"));
  }
  return all;
}

Result<PersonaCall> read_call(const std::string& name,
                              const YAML::Node& function,
                              const YAML::Node& arguments) {
  if (!function.IsScalar()) {
    return fail(wrong(name, function, "rules: call: the name of a function is wanted"));
  }
  PersonaCall call{function.Scalar()};
  if (arguments && !arguments.IsMap()) {
    return fail(wrong(name, arguments, "rules: arguments: names with values are wanted"));
  }
  for (const auto& argument : arguments) {
    if (!argument.second.IsScalar()) {
      return fail(wrong(name, argument.second, "rules: arguments: a text is wanted"));
    }
    call.arguments.emplace_back(argument.first.Scalar(), argument.second.Scalar());
  }
  return call;
}

/// `call` with `arguments`, and `calls`: a list of such pairs.
Result<> read_calls(const std::string& name, const YAML::Node& node, PersonaRule& rule) {
  if (node["arguments"] && !node["call"]) {
    return fail(wrong(name, node["arguments"], "rules: arguments belong to a call"));
  }
  std::vector<YAML::Node> all;
  if (node["call"]) {
    all.push_back(node);
  }
  if (node["calls"]) {
    const YAML::Node& calls = node["calls"];
    if (!calls.IsSequence()) {
      return fail(wrong(name, calls, "rules: calls: a list of call with arguments is wanted"));
    }
    for (const YAML::Node& call : calls) {
      all.push_back(call);
    }
  }
  for (const YAML::Node& one : all) {
    if (!one.IsMap() || !one["call"]) {
      return fail(wrong(name, one, "rules: calls: each needs call: FUNCTION"));
    }
    auto call = read_call(name, one["call"], one["arguments"]);
    if (!call) {
      return fail(std::move(call).error());
    }
    rule.calls.push_back(std::move(*call));
  }
  return {};
}

Result<PersonaRule> read_rule(const std::string& name, const YAML::Node& node) {
  if (!node.IsMap() || !node["hears"] || !node["hears"].IsScalar()) {
    return fail(wrong(name, node, "rules: each needs hears: PATTERN, and say or call"));
  }
  PersonaRule rule;
  auto pattern = persona_pattern(node["hears"].Scalar());
  if (!pattern) {
    return fail(wrong(name, node["hears"], "rules: hears: " + pattern.error().detail));
  }
  rule.hears = std::move(*pattern);
  for (const auto& member : node) {
    const std::string key = member.first.Scalar();
    if (!lists("hears say call arguments calls", key)) {
      return fail(
          wrong(name, member.first,
                "rules: unknown field " + key + "; there are hears, say, call, arguments, calls"));
    }
  }
  if (node["say"]) {
    auto say = texts(name, "rules: say", node["say"]);
    if (!say) {
      return fail(std::move(say).error());
    }
    rule.say = std::move(*say);
  }
  if (auto read = read_calls(name, node, rule); !read) {
    return fail(std::move(read).error());
  }
  if (rule.say.empty() && rule.calls.empty()) {
    return fail(wrong(name, node, "rules: each says something or calls a function"));
  }
  return rule;
}

Result<> read_field(const std::string& name,
                    const std::string& key,
                    const YAML::Node& node,
                    PersonaScript& script) {
  const std::array<std::pair<std::string_view, std::string*>, 3> lines{
      {{"greeting", &script.greeting},
       {"interrupted", &script.interrupted},
       {"after_call", &script.after_call}}};
  for (const auto& [field, text] : lines) {
    if (key == field) {
      if (!node.IsScalar()) {
        return fail(wrong(name, node, key + ": a text is wanted"));
      }
      *text = node.Scalar();
      return {};
    }
  }
  if (key == "otherwise") {
    auto all = texts(name, key, node);
    if (!all) {
      return fail(std::move(all).error());
    }
    script.otherwise = std::move(*all);
    return {};
  }
  if (key != "rules" || !node.IsSequence()) {
    return fail(wrong(name, node,
                      key + ": unknown field, or no list; there are greeting, interrupted, "
                            "after_call, rules, otherwise"));
  }
  for (const auto& item : node) {
    auto rule = read_rule(name, item);
    if (!rule) {
      return fail(std::move(rule).error());
    }
    script.rules.push_back(std::move(*rule));
  }
  return {};
}

}  // namespace

Result<std::regex> persona_pattern(const std::string& text) {
  try {
    return std::regex{text, std::regex::ECMAScript | std::regex::icase};
  } catch (const std::regex_error& failure) {
    return fail(Errc::invalid_argument, "no usable pattern: " + std::string{failure.what()});
  }
}

Result<PersonaScript> parse_persona(const std::string& yaml, const std::string& name) {
  try {
    const YAML::Node file = YAML::Load(yaml);
    if (!file.IsMap()) {
      return fail(Errc::invalid_argument,
                  name + ": a persona has greeting, rules, otherwise and so on");
    }
    PersonaScript script;
    for (const auto& member : file) {
      const auto read = read_field(name, member.first.Scalar(), member.second, script);
      if (!read) {
        return fail(read.error());
      }
    }
    return script;
  } catch (const YAML::Exception& failure) {
    return fail(Errc::invalid_argument,
                name + ':' + std::to_string(failure.mark.line + 1) + ": " + failure.msg);
  }
}

std::optional<RuleReply> apply_rules(PersonaScript& script, std::string_view heard) {
  for (PersonaRule& rule : script.rules) {
    Match match;
    if (!std::regex_search(heard.begin(), heard.end(), match, rule.hears)) {
      continue;
    }
    RuleReply reply;
    if (!rule.say.empty()) {
      reply.say = fill_in(rule.say[rule.used++ % rule.say.size()], match);
    }
    for (const PersonaCall& call : rule.calls) {
      RuleReply::Call& made = reply.calls.emplace_back(RuleReply::Call{call.name});
      for (const auto& [name, value] : call.arguments) {
        made.arguments[name] = fill_in(value, match);
      }
    }
    return reply;
  }
  return std::nullopt;
}

std::string reply_otherwise(PersonaScript& script, std::string_view heard) {
  std::string reply = script.otherwise[script.used_otherwise++ % script.otherwise.size()];
  constexpr std::string_view mark = "$0";
  for (auto at = reply.find(mark); at != std::string::npos; at = reply.find(mark, at)) {
    reply.replace(at, mark.size(), heard);
    at += heard.size();
  }
  return reply;
}

}  // namespace offhook::sim
