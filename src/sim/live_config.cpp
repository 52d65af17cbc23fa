#include "sim/live_config.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/json.hpp"
#include "sim/request_body.hpp"
#include "sim/response.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr std::size_t most_messages = 128;
constexpr int most_instruction_tokens = 16'384;
constexpr std::chrono::milliseconds decisions_delay{400};
/// As good as never, and can be added to a time.
constexpr std::int64_t longest_delay_ms = 24LL * 60 * 60 * 1'000;
constexpr std::string_view start_fields =
    "type model audio delegation input instructions safety_identifier store triggers";
constexpr std::string_view responses_fields =
    "model instructions max_output_tokens parallel_tool_calls reasoning service_tier text "
    "tool_choice tools";

ApiResult<> check_string(const json::value& object,
                         std::string_view name,
                         const std::string& path) {
  const auto* const value = json_at(object, name);
  if (value != nullptr && !value->is_null() && !value->is_string()) {
    return refuse(invalid_value(path + "." + std::string{name}, "a string"));
  }
  return {};
}

ApiResult<> check_audio(const json::value& session) {
  const auto* const audio = json_at(session, "audio");
  if (audio == nullptr) {
    return {};
  }
  if (!audio->is_object()) {
    return refuse(invalid_value("session.audio", "an object"));
  }
  if (auto checked = only_fields(*audio, "output", "session.audio"); !checked) {
    return checked;
  }
  const auto* const output = json_at(*audio, "output");
  if (output == nullptr) {
    return {};
  }
  if (!output->is_object()) {
    return refuse(invalid_value("session.audio.output", "an object"));
  }
  if (auto checked = only_fields(*output, "voice", "session.audio.output"); !checked) {
    return checked;
  }
  const auto* const voice = json_at(*output, "voice");
  const bool named = voice == nullptr || (voice->is_string() && !voice->as_string().empty()) ||
                     !json_string(*voice, "id").empty();
  if (!named) {
    return refuse(invalid_value("session.audio.output.voice", "a voice's name or {\"id\": …}"));
  }
  return {};
}

ApiResult<> check_tools(const json::value& responses) {
  const auto* const tools = json_at(responses, "tools");
  if (tools == nullptr) {
    return {};
  }
  const std::string path = "session.delegation.responses.tools";
  if (!tools->is_array()) {
    return refuse(invalid_value(path, "an array"));
  }
  std::size_t index = 0;
  for (const auto& tool : tools->as_array()) {
    const std::string place = path + "[" + std::to_string(index++) + "]";
    if (json_string(tool, "type").empty()) {
      return refuse(missing_parameter(place + ".type"));
    }
    if (json_string(tool, "type") == "function" && json_string(tool, "name").empty()) {
      return refuse(missing_parameter(place + ".name"));
    }
  }
  return {};
}

/// @param start  Everything that a delegate needs must be there.
ApiResult<> check_responses(const json::value& responses, bool start) {
  const std::string path = "session.delegation.responses";
  if (auto checked = only_fields(responses, responses_fields, path); !checked) {
    return checked;
  }
  if (start && json_string(responses, "model").empty()) {
    return refuse(missing_parameter(path + ".model"));
  }
  if (auto checked = check_string(responses, "instructions", path); !checked) {
    return checked;
  }
  return check_tools(responses);
}

ApiResult<> check_decisions(const json::value& decisions, bool start) {
  const std::string path = "session.delegation.decisions";
  if (auto checked = only_fields(decisions, "model questions", path); !checked) {
    return checked;
  }
  if (start && json_string(decisions, "model").empty()) {
    return refuse(missing_parameter(path + ".model"));
  }
  const auto* const questions = json_at(decisions, "questions");
  if (questions == nullptr) {
    return start ? ApiResult<>{refuse(missing_parameter(path + ".questions"))} : ApiResult<>{};
  }
  if (!questions->is_array() || questions->as_array().empty()) {
    return refuse(invalid_value(path + ".questions", "a list of questions"));
  }
  for (const auto& question : questions->as_array()) {
    const auto type = json_string(question, "type");
    if (type != "predicate" && type != "choice" && type != "score") {
      return refuse(invalid_value(path + ".questions", "one of: predicate choice score"));
    }
  }
  return {};
}

ApiResult<> check_delegation(const json::value& session, bool start) {
  const auto* const delegation = json_at(session, "delegation");
  if (delegation == nullptr || delegation->is_null()) {
    return {};
  }
  const std::string path = "session.delegation";
  if (!delegation->is_object()) {
    return refuse(invalid_value(path, "an object or null"));
  }
  const auto type = json_string(*delegation, "type");
  if (type.empty()) {
    return refuse(missing_parameter(path + ".type"));
  }
  if (type != "client" && type != "responses" && type != "decisions") {
    return refuse(invalid_value(path + ".type", "one of: client responses decisions"));
  }
  const std::string_view own = type == "client" ? std::string_view{"type"} : type;
  if (auto checked =
          only_fields(*delegation, "type acknowledgement_delay_ms " + std::string{own}, path);
      !checked) {
    return checked;
  }
  if (json_at(*delegation, "acknowledgement_delay_ms") != nullptr &&
      json_int(*delegation, "acknowledgement_delay_ms").value_or(-1) < 0) {
    return refuse(invalid_value(path + ".acknowledgement_delay_ms", "milliseconds"));
  }
  if (type == "client") {
    return {};
  }
  const auto* const backend = json_at(*delegation, own);
  if (backend == nullptr) {
    return start ? ApiResult<>{refuse(missing_parameter(path + "." + std::string{own}))}
                 : ApiResult<>{};
  }
  if (!backend->is_object()) {
    return refuse(invalid_value(path + "." + std::string{own}, "an object"));
  }
  return type == "responses" ? check_responses(*backend, start) : check_decisions(*backend, start);
}

ApiResult<> check_input(const json::value& session) {
  const auto* const input = json_at(session, "input");
  if (input == nullptr) {
    return {};
  }
  if (!input->is_array() || input->as_array().size() > most_messages) {
    return refuse(invalid_value("session.input", "a list of at most 128 messages"));
  }
  std::size_t index = 0;
  for (const auto& message : input->as_array()) {
    const std::string path = "session.input[" + std::to_string(index++) + "]";
    const auto role = json_string(message, "role");
    if (role != "developer" && role != "user" && role != "assistant") {
      return refuse(invalid_value(path + ".role", "one of: developer user assistant"));
    }
    const auto* const content = json_at(message, "content");
    const bool one_text = content != nullptr && content->is_array() &&
                          content->as_array().size() == 1 &&
                          json_at(content->as_array().front(), "text") != nullptr;
    if (!one_text) {
      return refuse(invalid_value(path + ".content", "a list of one text"));
    }
  }
  return {};
}

ApiResult<> check_triggers(const json::value& session) {
  const auto* const triggers = json_at(session, "triggers");
  if (triggers == nullptr || triggers->is_array()) {
    return {};
  }
  return refuse(invalid_value("session.triggers", "an array"));
}

ApiResult<> check_start(const json::value& session, bool with_type) {
  if (!session.is_object()) {
    return refuse(invalid_value("session", "an object"));
  }
  if (with_type && json_at(session, "type") == nullptr) {
    return refuse(missing_parameter("session.type"));
  }
  if (with_type && json_string(session, "type") != "live") {
    return refuse(invalid_value("session.type", "\"live\""));
  }
  if (!with_type && json_at(session, "type") != nullptr) {
    return refuse(unknown_parameter("session.type"));
  }
  if (auto checked = only_fields(session, start_fields, "session"); !checked) {
    return checked;
  }
  if (json_string(session, "model").empty()) {
    return refuse(missing_parameter("session.model"));
  }
  for (std::string_view name : {"instructions", "safety_identifier"}) {
    if (auto checked = check_string(session, name, "session"); !checked) {
      return checked;
    }
  }
  if (text_tokens(json_string(session, "instructions")) > most_instruction_tokens) {
    return refuse(invalid_value("session.instructions", "at most 16384 tokens"));
  }
  if (const auto* const store = json_at(session, "store"); store != nullptr && !store->is_bool()) {
    return refuse(invalid_value("session.store", "a boolean"));
  }
  for (const auto& checked : {check_audio(session), check_delegation(session, true),
                              check_input(session), check_triggers(session)}) {
    if (!checked) {
      return checked;
    }
  }
  return {};
}

}  // namespace

std::string_view to_string(Delegate delegate) noexcept {
  constexpr std::array<std::string_view, 3> names{"client", "responses", "decisions"};
  return names[static_cast<std::size_t>(delegate)];
}

ApiResult<LiveConfig> LiveConfig::from_body(const json::value& session, bool with_type) {
  if (auto checked = check_start(session, with_type); !checked) {
    return refuse(std::move(checked).error());
  }
  json::object effective{{"model", json_string(session, "model")},
                         {"instructions", nullptr},
                         {"audio", json::object{{"output", json::object{{"voice", "marin"}}}}},
                         {"delegation", json::object{{"type", "client"}}},
                         {"input", json::array{}},
                         {"store", false},
                         {"triggers", json::array{}}};
  for (auto& [name, value] : effective) {
    const auto* const wanted = json_at(session, name);
    if (wanted != nullptr && !wanted->is_null()) {
      value = *wanted;
    }
  }
  if (json_at(effective["audio"], "output.voice") == nullptr) {
    effective["audio"] = json::object{{"output", json::object{{"voice", "marin"}}}};
  }
  return LiveConfig{std::move(effective)};
}

ApiResult<> LiveConfig::update(const json::value& session) {
  if (!session.is_object()) {
    return refuse(invalid_value("session", "an object"));
  }
  for (const auto& [key, value] : session.as_object()) {
    const std::string_view name = key;
    const bool fixed = lists(start_fields, name) && name != "delegation" && name != "triggers";
    if (fixed) {
      const std::string path = "session." + std::string{name};
      return refuse({"immutable_field_update",
                     "'" + path + "' cannot be changed once the session has started.", path});
    }
  }
  for (const auto& checked : {only_fields(session, "delegation triggers", "session"),
                              check_delegation(session, false), check_triggers(session)}) {
    if (!checked) {
      return checked;
    }
  }
  const auto* const delegation = json_at(session, "delegation");
  if (delegation != nullptr && delegation->is_object()) {
    if (json_string(*delegation, "type") != to_string(delegate())) {
      return refuse({"immutable_field_update", "The type of the delegation cannot be changed.",
                     "session.delegation.type"});
    }
    json::object& own = session_["delegation"].as_object();
    for (const auto& [key, value] : delegation->as_object()) {
      if (value.is_object() && own.contains(key)) {
        for (const auto& [name, setting] : value.as_object()) {
          own[key].as_object()[name] = setting;
        }
      } else {
        own[key] = value;
      }
    }
  }
  if (const auto* const triggers = json_at(session, "triggers")) {
    session_["triggers"] = *triggers;
  }
  return {};
}

std::string LiveConfig::model() const { return std::string{session_.at("model").as_string()}; }

std::string LiveConfig::instructions() const {
  const auto& value = session_.at("instructions");
  return value.is_string() ? std::string{value.as_string()} : std::string{};
}

std::string LiveConfig::voice() const {
  return std::string{json_string(session_.at("audio"), "output.voice")};
}

Delegate LiveConfig::delegate() const {
  const auto type = json_string(session_.at("delegation"), "type");
  return type == "responses"   ? Delegate::responses
         : type == "decisions" ? Delegate::decisions
                               : Delegate::client;
}

std::chrono::milliseconds LiveConfig::acknowledgement_delay() const {
  const auto wanted = json_int(session_.at("delegation"), "acknowledgement_delay_ms");
  if (wanted) {
    return std::chrono::milliseconds{std::min(*wanted, longest_delay_ms)};
  }
  return delegate() == Delegate::decisions ? decisions_delay : std::chrono::milliseconds{0};
}

json::value LiveConfig::backend() const {
  const auto* const settings = json_at(session_.at("delegation"), to_string(delegate()));
  return settings == nullptr ? json::value() : *settings;
}

}  // namespace offhook::sim
