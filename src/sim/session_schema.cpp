#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "sim/mcp_tools.hpp"
#include "sim/request_body.hpp"
#include "sim/session_config.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

/// Fields that an object of the session may have, separated by spaces.
struct ObjectRule {
  std::string_view path;
  std::string_view fields;
};

constexpr std::array<ObjectRule, 7> object_rules{{
    {"session",
     "type model instructions output_modalities audio tools tool_choice parallel_tool_calls "
     "reasoning max_output_tokens truncation tracing include prompt"},
    {"session.audio", "input output"},
    {"session.audio.input", "format noise_reduction transcription turn_detection"},
    {"session.audio.output", "format voice speed"},
    {"session.audio.input.noise_reduction", "type strength"},
    {"session.audio.input.transcription", "model language languages prompt keywords delay"},
    {"session.audio.input.turn_detection",
     "type threshold prefix_padding_ms silence_duration_ms idle_timeout_ms create_response "
     "interrupt_response eagerness"},
}};

/// Refuses the first field that nobody knows. Objects without a rule are free-form.
ApiResult<> check_fields(const json::object& object, const std::string& path) {
  const auto* const rule = std::find_if(object_rules.begin(), object_rules.end(),
                                        [&](const ObjectRule& r) { return r.path == path; });
  if (rule == object_rules.end()) {
    return {};
  }
  for (const auto& [key, value] : object) {
    const std::string field = path + "." + std::string{key};
    if (!lists(rule->fields, key)) {
      return refuse(unknown_parameter(field));
    }
    if (const auto* const inner = value.if_object()) {
      if (auto checked = check_fields(*inner, field); !checked) {
        return checked;
      }
    }
  }
  return {};
}

enum class Kind : std::uint8_t { string, number, integer, boolean, object, array };

/// Type and range that one field must have when it is there.
struct ValueRule {
  std::string_view path;
  Kind kind;
  bool nullable = false;
  double least = 0;
  double most = 0;  ///< Equal to `least`: no range.
};

constexpr std::array<ValueRule, 18> value_rules{{
    {"model", Kind::string},
    {"instructions", Kind::string},
    {"audio", Kind::object},
    {"audio.input", Kind::object},
    {"audio.output", Kind::object},
    {"audio.input.noise_reduction", Kind::object, true},
    {"audio.input.transcription", Kind::object, true},
    {"audio.input.turn_detection", Kind::object, true},
    {"audio.input.turn_detection.threshold", Kind::number, false, 0, 1},
    {"audio.input.turn_detection.prefix_padding_ms", Kind::integer, false, 0, 60'000},
    {"audio.input.turn_detection.silence_duration_ms", Kind::integer, false, 0, 60'000},
    {"audio.input.turn_detection.idle_timeout_ms", Kind::integer, true, 5'000, 30'000},
    {"audio.input.turn_detection.create_response", Kind::boolean},
    {"audio.input.turn_detection.interrupt_response", Kind::boolean},
    {"audio.output.speed", Kind::number, false, 0.25, 1.5},
    {"tools", Kind::array},
    {"parallel_tool_calls", Kind::boolean},
    {"prompt", Kind::object, true},
}};

bool is_a(const json::value& value, Kind kind) {
  switch (kind) {
    case Kind::string: return value.is_string();
    case Kind::number: return value.is_number();
    case Kind::integer: return value.is_int64() || value.is_uint64();
    case Kind::boolean: return value.is_bool();
    case Kind::object: return value.is_object();
    case Kind::array: return value.is_array();
  }
  return false;
}

std::string_view name_of(Kind kind) {
  constexpr std::array<std::string_view, 6> names{"a string",  "a number",  "an integer",
                                                  "a boolean", "an object", "an array"};
  return names[static_cast<std::size_t>(kind)];
}

ApiResult<> check_value(const json::value& session, const ValueRule& rule) {
  const json::value* const value = json_at(session, rule.path);
  if (value == nullptr || (rule.nullable && value->is_null())) {
    return {};
  }
  const std::string path = "session." + std::string{rule.path};
  if (!is_a(*value, rule.kind)) {
    return refuse(invalid_value(path, std::string{name_of(rule.kind)}));
  }
  if (rule.least < rule.most) {
    const double number = value->to_number<double>();
    if (number < rule.least || number > rule.most) {
      return refuse(invalid_value(path, "a value within the documented range"));
    }
  }
  return {};
}

ApiResult<> check_one_of(const json::value& session,
                         std::string_view where,
                         std::string_view choices) {
  const json::value* const value = json_at(session, where);
  if (value == nullptr) {
    return {};
  }
  const auto* const text = value->if_string();
  if (text == nullptr || !lists(choices, *text)) {
    return refuse(
        invalid_value("session." + std::string{where}, "one of: " + std::string{choices}));
  }
  return {};
}

/// A name, or {"id": …} of a voice of the project.
ApiResult<> check_voice(const json::value& session) {
  const json::value* const voice = json_at(session, "audio.output.voice");
  if (voice == nullptr || voice->is_string() || !json_string(*voice, "id").empty()) {
    return {};
  }
  return refuse(invalid_value("session.audio.output.voice", "a string or an object with an id"));
}

/// OpenAI refuses the three numbers of server_vad in the accept of a SIP call, nowhere else.
ApiResult<> check_accept_only(const json::value& session) {
  const json::value* const detection = json_at(session, "audio.input.turn_detection");
  for (std::string_view field : {"threshold", "prefix_padding_ms", "silence_duration_ms"}) {
    if (detection != nullptr && json_at(*detection, field) != nullptr) {
      return refuse(unknown_parameter("session.audio.input.turn_detection." + std::string{field}));
    }
  }
  return {};
}

ApiResult<> check_values(const json::value& session) {
  for (const ValueRule& rule : value_rules) {
    if (auto checked = check_value(session, rule); !checked) {
      return checked;
    }
  }
  struct Choice {
    std::string_view path;
    std::string_view choices;
  };
  constexpr std::array<Choice, 3> choices{
      {{"audio.input.turn_detection.type", "server_vad semantic_vad"},
       {"audio.input.turn_detection.eagerness", "low medium high auto"},
       {"audio.input.noise_reduction.type", "near_field far_field"}}};
  for (const Choice& choice : choices) {
    if (auto checked = check_one_of(session, choice.path, choice.choices); !checked) {
      return checked;
    }
  }
  if (const auto* const modalities = json_at(session, "output_modalities")) {
    if (auto checked = check_modalities(*modalities, "session.output_modalities"); !checked) {
      return checked;
    }
  }
  if (auto checked = check_output_tokens(session, "session"); !checked) {
    return checked;
  }
  if (auto checked = check_voice(session); !checked) {
    return checked;
  }
  return check_tools(session, "session");
}

ApiResult<> check_function(const json::value& tool, const std::string& path) {
  const auto type = json_string(tool, "type");
  if (type.empty()) {
    return refuse(missing_parameter(path + ".type"));
  }
  if (type != "function") {
    return refuse(invalid_value(path + ".type", "one of: function mcp"));
  }
  if (json_string(tool, "name").empty()) {
    return refuse(missing_parameter(path + ".name"));
  }
  return {};
}

}  // namespace

ApiResult<> check_tools(const json::value& of, const std::string& path) {
  const json::value* const tools = json_at(of, "tools");
  if (tools == nullptr || tools->is_null()) {
    return {};
  }
  if (!tools->is_array()) {
    return refuse(invalid_value(path + ".tools", "an array"));
  }
  std::size_t index = 0;
  for (const auto& tool : tools->get_array()) {
    const std::string place = path + ".tools[" + std::to_string(index++) + "]";
    const bool server = json_string(tool, "type") == "mcp";
    if (auto checked = server ? check_mcp_tool(tool, place) : check_function(tool, place);
        !checked) {
      return checked;
    }
  }
  return {};
}

ApiResult<> check_modalities(const json::value& modalities, const std::string& path) {
  const auto* const array = modalities.if_array();
  const bool known = array != nullptr && array->size() == 1 &&
                     (array->front() == "audio" || array->front() == "text");
  if (!known) {
    return refuse(invalid_value(path, R"(["audio"] or ["text"])"));
  }
  return {};
}

ApiResult<> check_output_tokens(const json::value& of, const std::string& path) {
  const json::value* const value = json_at(of, "max_output_tokens");
  if (value == nullptr || (value->is_string() && value->get_string() == "inf")) {
    return {};
  }
  const auto tokens = json_int(of, "max_output_tokens");
  if (!tokens || *tokens < 1 || *tokens > 4'096) {
    return refuse(invalid_value(path + ".max_output_tokens", "1 to 4096 or \"inf\""));
  }
  return {};
}

ApiResult<> check_session(const json::value& session, bool accept, bool vad) {
  const auto* const object = session.if_object();
  if (object == nullptr) {
    return refuse(invalid_value("session", "an object"));
  }
  const auto* const type = object->if_contains("type");
  if (type == nullptr) {
    return refuse(missing_parameter("session.type"));
  }
  if (*type != "realtime") {
    return refuse(invalid_value("session.type", "\"realtime\""));
  }
  if (accept && !vad) {
    if (auto checked = check_accept_only(session); !checked) {
      return checked;
    }
  }
  if (auto checked = check_fields(*object, "session"); !checked) {
    return checked;
  }
  if (auto checked = check_values(session); !checked) {
    return checked;
  }
  const auto* const tools = object->if_contains("tools");
  return accept && tools != nullptr ? McpTools{}.check(tools->as_array(), "session.tools")
                                    : ApiResult<>{};
}

}  // namespace offhook::sim
