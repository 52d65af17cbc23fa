#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "cli/settings.hpp"

namespace offhook::cli {
namespace {

namespace json = boost::json;

/// A YAML scalar as JSON: a plain number or word of JSON keeps its type, all else is a string.
json::value scalar_to_json(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") {  // quoted
    return json::string{text};
  }
  bool flag = false;
  std::int64_t integer = 0;
  double number = 0;
  if (YAML::convert<bool>::decode(node, flag)) {
    return flag;
  }
  if (YAML::convert<std::int64_t>::decode(node, integer)) {
    return integer;
  }
  if (YAML::convert<double>::decode(node, number)) {
    return number;
  }
  return json::string{text};
}

json::value to_json(const YAML::Node& node) {
  if (node.IsSequence()) {
    json::array array;
    for (const auto& item : node) {
      array.push_back(to_json(item));
    }
    return array;
  }
  if (node.IsMap()) {
    json::object object;
    for (const auto& member : node) {
      object[member.first.as<std::string>()] = to_json(member.second);
    }
    return object;
  }
  return node.IsNull() ? json::value{} : scalar_to_json(node);
}

using Setter = std::function<Result<>(const YAML::Node&, CallSettings&)>;

Setter text(std::function<std::string&(CallSettings&)> field) {
  return [field = std::move(field)](const YAML::Node& node, CallSettings& settings) -> Result<> {
    field(settings) = node.as<std::string>();
    return {};
  };
}

Result<> set_secret_file(const YAML::Node& node, const std::function<void(Secret)>& set) {
  auto secret = read_secret_file(node.as<std::string>());
  if (!secret) {
    return fail(std::move(secret).error());
  }
  set(std::move(*secret));
  return {};
}

const std::map<std::string, Setter>& text_fields() {
  static const std::map<std::string, Setter> fields{
      {"sip_target", text([](auto& s) -> auto& { return s.call.phone.sip_target; })},
      {"sip_name", text([](auto& s) -> auto& { return s.call.phone.sip_name; })},
      {"sip_ca", text([](auto& s) -> auto& { return s.call.phone.sip_ca; })},
      {"api", text([](auto& s) -> auto& { return s.api; })},
      {"api_ca", text([](auto& s) -> auto& { return s.api_ca; })},
      {"region", text([](auto& s) -> auto& { return s.region; })},
      {"listen", text([](auto& s) -> auto& { return s.listen; })},
      {"cert", text([](auto& s) -> auto& { return s.cert; })},
      {"key", text([](auto& s) -> auto& { return s.key; })},
      {"project_id", text([](auto& s) -> auto& { return s.project_id; })},
      {"say", text([](auto& s) -> auto& { return s.call.agent.say; })},
      {"model", text([](auto& s) -> auto& { return s.call.agent.model; })},
      {"voice", text([](auto& s) -> auto& { return s.call.agent.voice; })},
      {"instructions", text([](auto& s) -> auto& { return s.call.agent.instructions; })},
      {"transcription", text([](auto& s) -> auto& { return s.call.agent.transcription; })},
      {"dtmf", text([](auto& s) -> auto& { return s.call.phone.dtmf; })},
      {"audio", text([](auto& s) -> auto& { return s.call.audio.input; })},
      {"play", text([](auto& s) -> auto& { return s.call.audio.output; })},
      {"backend", text([](auto& s) -> auto& { return s.call.audio.backend; })},
      {"mic", text([](auto& s) -> auto& { return s.call.audio.microphone; })},
      {"speaker", text([](auto& s) -> auto& { return s.call.audio.loudspeaker; })},
      {"record", text([](auto& s) -> auto& { return s.call.audio.record; })},
      {"events", text([](auto& s) -> auto& { return s.events_file; })},
      {"timeline", text([](auto& s) -> auto& { return s.timeline_file; })},
      {"summary", text([](auto& s) -> auto& { return s.summary_file; })},
  };
  return fields;
}

Result<> set_parsed(const std::string& name, const YAML::Node& node, CallSettings& settings) {
  if (name == "srtp") {
    const auto policy = parse_srtp_policy(node.as<std::string>());
    if (!policy) {
      return fail(policy.error());
    }
    settings.call.phone.srtp = *policy;
  } else if (name == "jitter_buffer") {
    const auto kind = parse_jitter_buffer(node.as<std::string>());
    if (!kind) {
      return fail(kind.error());
    }
    settings.call.phone.jitter_buffer = *kind;
  } else if (name == "echo") {
    const auto engine = audio::voice_engine_from_name(node.as<std::string>());
    if (!engine) {
      return fail(engine.error());
    }
    settings.call.audio.voice.engine = *engine;
  } else if (name == "noise_suppression") {
    const auto strength = audio::noise_suppression_from_name(node.as<std::string>());
    if (!strength) {
      return fail(strength.error());
    }
    settings.call.audio.voice.noise_suppression = *strength;
  } else if (name == "codecs") {
    auto codecs = parse_codecs(node.as<std::string>());
    if (!codecs) {
      return fail(std::move(codecs).error());
    }
    settings.call.phone.codecs = std::move(*codecs);
  } else if (name == "no_control") {
    settings.call.agent.control = !node.as<bool>();
  } else if (name == "audio_start") {
    auto start = parse_audio_start(node.as<std::string>());
    if (!start) {
      return fail(std::move(start).error());
    }
    settings.call.audio.start_after_greeting = *start;
  } else if (name == "instructions_file") {
    auto text = read_text_file(node.as<std::string>());
    if (!text) {
      return fail(std::move(text).error());
    }
    settings.call.agent.instructions = std::move(*text);
  } else if (name == "max_duration") {
    settings.call.max_duration = std::chrono::seconds{node.as<unsigned>()};
  } else if (name == "answer_deadline") {
    settings.call.phone.after_accept = std::chrono::seconds{node.as<unsigned>()};
    settings.call.phone.final_answer = settings.call.phone.after_accept;
  } else if (name == "webhook_deadline") {
    settings.call.agent.webhook_deadline = std::chrono::seconds{node.as<unsigned>()};
  } else if (name == "tools") {
    if (!node.IsSequence()) {
      return fail(Errc::invalid_argument, "must be a list");
    }
    settings.call.agent.tools = to_json(node).as_array();
  } else if (name == "api_key_file") {
    return set_secret_file(node, [&](Secret secret) { settings.api_key = std::move(secret); });
  } else if (name == "webhook_secret_file") {
    return set_secret_file(
        node, [&](Secret secret) { settings.webhook_secrets.push_back(std::move(secret)); });
  } else {
    return fail(Errc::invalid_argument,
                "no such setting; the names are those of `offhook call --help` with _ for -");
  }
  return {};
}

Result<> set_field(const std::string& name, const YAML::Node& node, CallSettings& settings) {
  const auto field = text_fields().find(name);
  try {
    return field == text_fields().end() ? set_parsed(name, node, settings)
                                        : field->second(node, settings);
  } catch (const YAML::Exception&) {
    return fail(Errc::invalid_argument, "has a value of the wrong kind");
  }
}

}  // namespace

Result<> load_config(const std::string& path,
                     const std::vector<std::string>& given,
                     CallSettings& settings) {
  YAML::Node root;
  try {
    root = YAML::LoadFile(path);
  } catch (const YAML::BadFile&) {
    return fail(Errc::not_found, "--config " + path + ": cannot be read");
  } catch (const YAML::Exception& problem) {
    return fail(Errc::invalid_argument,
                fmt::format("{}:{}: {}", path, problem.mark.line + 1, problem.msg));
  }
  if (root.IsNull()) {
    return {};
  }
  if (!root.IsMap()) {
    return fail(Errc::invalid_argument, path + ": must be a list of \"name: value\" lines");
  }
  for (const auto& member : root) {
    const std::string name = member.first.IsScalar() ? member.first.Scalar() : "(a list or map)";
    if (std::ranges::find(given, name) != given.end()) {
      continue;
    }
    auto set = set_field(name, member.second, settings);
    if (!set) {
      return fail(Errc::invalid_argument,
                  fmt::format("{}:{}: {}: {}", path, member.first.Mark().line + 1, name,
                              set.error().detail));
    }
  }
  return {};
}

}  // namespace offhook::cli
