#include "sim/session_config.hpp"

#include <string_view>
#include <utility>

#include "base/json.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr std::string_view default_model = "gpt-realtime-2.1";
constexpr std::string_view default_instructions =
    "You are a helpful assistant on the telephone. Answer briefly and in a friendly way.";

json::object format_of(audio::CodecId codec) {
  switch (codec) {
    case audio::CodecId::pcmu: return {{"type", "audio/pcmu"}};
    case audio::CodecId::pcma: return {{"type", "audio/pcma"}};
    case audio::CodecId::opus:
    case audio::CodecId::g722: break;
  }
  return {{"type", "audio/pcm"}, {"rate", 24'000}};
}

json::object default_turn_detection(std::string_view type, const SessionRules& rules) {
  if (type == "semantic_vad") {
    return {{"type", type},
            {"eagerness", "auto"},
            {"create_response", true},
            {"interrupt_response", true}};
  }
  return {{"type", "server_vad"},       {"threshold", 0.5},
          {"prefix_padding_ms", 300},   {"silence_duration_ms", rules.silence_duration_ms},
          {"idle_timeout_ms", nullptr}, {"create_response", true},
          {"interrupt_response", true}};
}

json::object default_session(audio::CodecId codec, const SessionRules& rules) {
  const json::object input{{"format", format_of(codec)},
                           {"transcription", nullptr},
                           {"noise_reduction", nullptr},
                           {"turn_detection", default_turn_detection("server_vad", rules)}};
  const json::object output{{"format", format_of(codec)}, {"voice", "marin"}, {"speed", 1}};
  return {{"type", "realtime"},
          {"object", "realtime.session"},
          {"model", default_model},
          {"output_modalities", json::array{"audio"}},
          {"instructions", default_instructions},
          {"tools", json::array{}},
          {"tool_choice", "auto"},
          {"max_output_tokens", "inf"},
          {"tracing", nullptr},
          {"truncation", "auto"},
          {"prompt", nullptr},
          {"audio", json::object{{"input", input}, {"output", output}}},
          {"include", nullptr}};
}

/// Changes the fields of `target` that `patch` names.
void overlay(json::object& target, const json::object& patch) {
  for (const auto& [key, value] : patch) {
    target.insert_or_assign(key, value);
  }
}

/// Turn detection keeps what the patch leaves out, unless the kind of detection changes.
void merge_turn_detection(json::value& current,
                          const json::value& patch,
                          const SessionRules& rules) {
  const auto* const fields = patch.if_object();
  if (fields == nullptr) {
    current = patch;
    return;
  }
  const auto old_type = json_string(current, "type", "server_vad");
  const auto type = json_string(patch, "type", old_type);
  if (!current.is_object() || type != old_type) {
    current = default_turn_detection(type, rules);
  }
  overlay(current.as_object(), *fields);
}

void merge_noise_reduction(json::value& current, const json::value& patch) {
  if (!patch.is_object()) {
    current = patch;
    return;
  }
  if (!current.is_object()) {
    current = json::object{{"strength", 1}};
  }
  overlay(current.as_object(), patch.as_object());
}

void merge_input(json::object& input, const json::object& patch, const SessionRules& rules) {
  for (const auto& [key, value] : patch) {
    if (key == "turn_detection") {
      merge_turn_detection(input["turn_detection"], value, rules);
    } else if (key == "noise_reduction") {
      merge_noise_reduction(input["noise_reduction"], value);
    } else if (key != "format" || rules.formats_of_body) {  // SDP decides
      input.insert_or_assign(key, value);
    }
  }
}

void merge_output(json::object& output, const json::object& patch, const SessionRules& rules) {
  for (const auto& [key, value] : patch) {
    if (key != "format" || rules.formats_of_body) {
      output.insert_or_assign(key, value);
    }
  }
}

void merge(json::object& session, const json::object& patch, const SessionRules& rules) {
  for (const auto& [key, value] : patch) {
    if (key != "audio") {
      session.insert_or_assign(key, value);
      continue;
    }
    json::object& audio = session["audio"].as_object();
    if (const auto* const input = json_at(value, "input")) {
      merge_input(audio["input"].as_object(), input->as_object(), rules);
    }
    if (const auto* const output = json_at(value, "output")) {
      merge_output(audio["output"].as_object(), output->as_object(), rules);
    }
  }
}

/// What a session may never change again.
ApiResult<> check_immutable(const json::object& now, const json::object& patch, bool voice_fixed) {
  const json::value current(now);  // braces would make a list of it
  const json::value wanted(patch);
  if (const auto* const model = json_at(wanted, "model"); model && *model != now.at("model")) {
    return refuse({"invalid_value", "Cannot change the model of a session.", "session.model"});
  }
  const auto* const voice = json_at(wanted, "audio.output.voice");
  if (voice_fixed && voice && *voice != *json_at(current, "audio.output.voice")) {
    return refuse({"cannot_update_voice",
                   "Cannot update a conversation's voice if assistant audio is present.",
                   "session.audio.output.voice"});
  }
  const auto* const tracing = json_at(wanted, "tracing");
  if (tracing && !now.at("tracing").is_null() && *tracing != now.at("tracing")) {
    return refuse(
        {"invalid_value", "Tracing cannot be changed once it is enabled.", "session.tracing"});
  }
  return {};
}

int semantic_silence_ms(std::string_view eagerness) {
  if (eagerness == "low") {
    return 1'200;
  }
  return eagerness == "high" ? 300 : 600;
}

bool flag(const json::value& value, std::string_view path, bool otherwise) {
  const auto* const found = json_at(value, path);
  return found != nullptr && found->is_bool() ? found->get_bool() : otherwise;
}

}  // namespace

ApiResult<SessionConfig> SessionConfig::from_accept(const json::value& body,
                                                    audio::CodecId codec,
                                                    SessionRules rules) {
  if (auto checked = check_session(body, true, rules.vad_in_accept); !checked) {
    return refuse(std::move(checked).error());
  }
  json::object session = default_session(codec, rules);
  merge(session, body.as_object(), rules);
  return SessionConfig{std::move(session), rules};
}

ApiResult<> SessionConfig::update(const json::value& session, bool voice_fixed) {
  if (auto checked = check_session(session, false); !checked) {
    return checked;
  }
  if (auto checked = check_immutable(session_, session.as_object(), voice_fixed); !checked) {
    return checked;
  }
  merge(session_, session.as_object(), rules_);
  return {};
}

std::string SessionConfig::instructions() const {
  return std::string{session_.at("instructions").as_string()};
}

std::string SessionConfig::model() const { return std::string{session_.at("model").as_string()}; }

bool SessionConfig::text_only() const {
  return session_.at("output_modalities").as_array().front() == "text";
}

std::optional<std::string> SessionConfig::transcription_model() const {
  const auto& transcription = session_.at("audio").at("input").at("transcription");
  if (transcription.is_null()) {
    return std::nullopt;
  }
  return std::string{json_string(transcription, "model", "gpt-4o-mini-transcribe")};
}

std::optional<TurnSettings> SessionConfig::turns() const {
  const json::value& detection = session_.at("audio").at("input").at("turn_detection");
  if (detection.is_null()) {
    return std::nullopt;
  }
  TurnSettings turns;
  turns.create_response = flag(detection, "create_response", true);
  turns.interrupt_response = flag(detection, "interrupt_response", true);
  if (json_string(detection, "type") == "semantic_vad") {
    turns.silence_duration_ms = semantic_silence_ms(json_string(detection, "eagerness"));
    return turns;
  }
  const auto number = [&](std::string_view name, int otherwise) {
    return static_cast<int>(json_int(detection, name).value_or(otherwise));
  };
  turns.threshold = detection.at("threshold").to_number<float>();
  turns.prefix_padding_ms = number("prefix_padding_ms", 300);
  turns.silence_duration_ms = number("silence_duration_ms", rules_.silence_duration_ms);
  if (const auto idle = json_int(detection, "idle_timeout_ms")) {
    turns.idle_timeout_ms = static_cast<int>(*idle);
  }
  return turns;
}

}  // namespace offhook::sim
