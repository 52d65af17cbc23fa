// What a controller sends on the sideband of a Live session.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/base64.hpp"
#include "base/json.hpp"
#include "sim/live_session.hpp"
#include "sim/request_body.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr int most_context_tokens = 500;
constexpr int longest_fixture_ms = 30'000;

/// A client event and the fields it may have beside type and event_id, separated by spaces.
struct EventRule {
  std::string_view type;
  std::string_view fields;
};

constexpr std::array<EventRule, 14> event_rules{{
    {"session.update", "session"},
    {"session.input_audio.mute", ""},
    {"session.input_audio.unmute", ""},
    {"session.output_audio.fixture.play", "audio"},
    {"transport.dtmf.send", "event"},
    {"session.instructions.append", "content delegation_id"},
    {"session.thinking.append", "content delegation_id"},
    {"session.commentary.append", "content delegation_id"},
    {"decision.create", ""},
    {"decision.item.create", "item"},
    {"decision.item.delete", "item_id"},
    {"response.item.create", "item"},
    {"response.create", ""},
    {"session.close", ""},
}};

ApiResult<> check_event(std::string_view type, const json::value& event) {
  const auto* const rule = std::find_if(event_rules.begin(), event_rules.end(),
                                        [&](const EventRule& r) { return r.type == type; });
  if (rule == event_rules.end()) {
    if (type == "session.start" || type == "session.input_audio.append") {
      return refuse({"unsupported_event",
                     fmt::format("'{}' belongs on a primary WebSocket, not on a sideband.", type),
                     "type"});
    }
    return refuse(
        {"invalid_value", fmt::format("Invalid value: '{}'. No such client event.", type), "type"});
  }
  const std::string known = "type event_id " + std::string{rule->fields};
  if (auto checked = only_fields(event, known); !checked) {
    return checked;
  }
  for (std::string_view fields = rule->fields; !fields.empty();) {
    const std::size_t space = std::min(fields.find(' '), fields.size());
    const std::string_view name = fields.substr(0, space);
    if (json_at(event, name) == nullptr) {
      return refuse(missing_parameter(std::string{name}));
    }
    fields.remove_prefix(std::min(space + 1, fields.size()));
  }
  return {};
}

ApiResult<std::vector<std::int16_t>> decode_fixture(const json::value& event) {
  const auto bytes = base64_decode(json_string(event, "audio"));
  if (!bytes || bytes->empty() || bytes->size() % 2 != 0) {
    return refuse(invalid_value("audio", "base64 of mono PCM16 at 24 kHz"));
  }
  std::vector<std::int16_t> samples(bytes->size() / 2);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const unsigned value = (*bytes)[2 * i] | (static_cast<unsigned>((*bytes)[2 * i + 1]) << 8U);
    samples[i] = static_cast<std::int16_t>(value);
  }
  if (samples.size() > std::size_t{fixture_samples_per_ms} * longest_fixture_ms) {
    return refuse(invalid_value("audio", "at most 30 seconds"));
  }
  return samples;
}

}  // namespace

void LiveSession::on_client_event(std::string_view text, Time now) {
  set_time(now);
  if (closed_) {
    return;
  }
  const auto event = parse_json(text);
  if (!event || !event->is_object()) {
    out_.send_error({"invalid_json", "We could not parse the JSON of your event."}, {});
    return;
  }
  const auto client_event_id = json_string(*event, "event_id");
  const auto type = json_string(*event, "type");
  if (type.empty()) {
    out_.send_error(missing_parameter("type"), client_event_id);
    return;
  }
  auto done = check_event(type, *event);
  if (done) {
    done = handle(type, *event);
  }
  if (!done) {
    out_.send_error(done.error(), client_event_id);
  }
}

ApiResult<> LiveSession::handle(std::string_view type, const json::value& event) {
  if (type == "session.update") {
    return update_session(event);
  }
  if (type == "session.input_audio.mute" || type == "session.input_audio.unmute") {
    return mute(event, type == "session.input_audio.mute");
  }
  if (type == "session.output_audio.fixture.play") {
    return play_fixture(event);
  }
  if (type == "transport.dtmf.send") {
    return send_digit(event);
  }
  if (type == "session.close") {
    interrupt();
    close("close_requested", json_string(event, "event_id"));
    out_.act(EndCall{});
    return {};
  }
  if (type.starts_with("decision.")) {
    return handle_decision(type, event);
  }
  if (type.starts_with("response.")) {
    return handle_response(type, event);
  }
  return append(type, event);
}

ApiResult<> LiveSession::update_session(const json::value& event) {
  if (auto updated = config_.update(*json_at(event, "session")); !updated) {
    return updated;
  }
  out_.send("session.updated", {{"session", session_json()}}, json_string(event, "event_id"));
  return {};
}

ApiResult<> LiveSession::mute(const json::value& event, bool muted) {
  muted_ = muted;
  if (muted) {
    speech_start_ms_.reset();  // the model hears silence from here on
  }
  out_.send(muted ? "session.input_audio.muted" : "session.input_audio.unmuted", {},
            json_string(event, "event_id"));
  return {};
}

ApiResult<> LiveSession::play_fixture(const json::value& event) {
  auto samples = decode_fixture(event);
  if (!samples) {
    return refuse(std::move(samples).error());
  }
  if (fixture_) {
    return refuse({"audio_fixture_active", "An audio fixture is being played already."});
  }
  interrupt();
  speech_start_ms_.reset();
  const auto count = static_cast<int>(samples->size());
  fixture_ = Fixture{out_.ids().realtime("fix_"), std::string{json_string(event, "event_id")},
                     (count + fixture_samples_per_ms - 1) / fixture_samples_per_ms};
  out_.act(PlaySound{fixture_->id, std::move(*samples)});
  out_.send("session.output_audio.fixture.playing", {}, fixture_->client_event_id);
  return {};
}

ApiResult<> LiveSession::send_digit(const json::value& event) {
  constexpr std::string_view keys = "0123456789*#ABCD";
  const auto key = json_string(event, "event");
  if (key.size() != 1 || keys.find(key) == keys.npos) {
    return refuse(invalid_value("event", "one of 0 to 9, *, #, A to D"));
  }
  digits_.emplace_back(json_string(event, "event_id"));
  out_.act(SendDigit{key.front()});
  return {};
}

ApiResult<> LiveSession::check_append(const json::value& event) const {
  const auto* const content = json_at(event, "content");
  if (!content->is_string() || content->as_string().empty()) {
    return refuse(invalid_value("content", "a text"));
  }
  if (text_tokens(content->as_string()) > most_context_tokens) {
    return refuse(invalid_value("content", "at most 500 tokens"));
  }
  if (const auto* const delegation = json_at(event, "delegation_id"); !delegation->is_null()) {
    const bool known =
        delegation->is_string() && delegations_.contains(std::string{delegation->as_string()});
    if (!known) {
      return refuse(invalid_value("delegation_id", "null or the id of a client delegation"));
    }
  }
  if (fixture_) {
    return refuse({"audio_fixture_active", "Nothing can be appended while a fixture is played."});
  }
  return {};
}

ApiResult<> LiveSession::append(std::string_view type, const json::value& event) {
  if (auto checked = check_append(event); !checked) {
    return checked;
  }
  constexpr std::string_view front = "session.";
  const std::string_view kind = type.substr(front.size(), type.rfind('.') - front.size());
  const int at = timeline_ms();
  out_.send(fmt::format("session.{}.appended", kind), {{"start_ms", at}, {"end_ms", at}},
            json_string(event, "event_id"));
  follow_context(kind, std::string{json_string(event, "content")},
                 std::string{json_string(event, "delegation_id")});
  return {};
}

/// What the model makes of context: it communicates commentary and the results of delegations, does
/// what instructions dictate, greets when it is told anything before the first word, and keeps
/// thoughts to itself.
void LiveSession::follow_context(std::string_view kind,
                                 const std::string& content,
                                 const std::string& delegation_id) {
  if (kind != "instructions") {
    acknowledge_at_.reset();
  }
  if (talk_) {
    think_of_context(kind, content, delegation_id);
    return;
  }
  if (kind == "thinking") {
    return;
  }
  const std::string dictated = dictated_text(content);
  if (!dictated.empty()) {
    say(dictated);
  } else if (kind == "commentary" || !delegation_id.empty()) {
    say(content);
  } else if (!spoke_ && !was_heard_) {
    const Reply greeting = persona_.reply({}, false);
    if (const auto* const words = std::get_if<Say>(&greeting)) {
      say(words->text);
    }
  }
}

ApiResult<> LiveSession::handle_decision(std::string_view type, const json::value& event) {
  if (config_.delegate() != Delegate::decisions) {
    return refuse({"invalid_value", fmt::format("'{}' needs Decisions delegation.", type), "type"});
  }
  const auto client_event_id = json_string(event, "event_id");
  if (type == "decision.item.create") {
    const auto item = decision_items_.create(*json_at(event, "item"), out_.ids());
    if (!item) {
      return refuse(item.error());
    }
    out_.send("decision.item.created", {{"item", *item}}, client_event_id);
    return {};
  }
  if (type == "decision.item.delete") {
    const std::string item_id{json_string(event, "item_id")};
    if (auto removed = decision_items_.remove(item_id); !removed) {
      return removed;
    }
    out_.send("decision.item.deleted", {{"item_id", item_id}}, client_event_id);
    return {};
  }
  if (client_event_id.empty()) {
    return refuse(missing_parameter("event_id"));
  }
  if (!decision_events_.emplace(client_event_id).second) {
    return refuse({"invalid_value", "This event_id was used before.", "event_id"});
  }
  evaluate_decision(json::value());
  return {};
}

ApiResult<> LiveSession::handle_response(std::string_view type, const json::value& event) {
  if (config_.delegate() != Delegate::responses) {
    return refuse({"invalid_value", fmt::format("'{}' needs Responses delegation.", type), "type"});
  }
  if (type == "response.item.create") {
    return backend_.add_item(*json_at(event, "item"));
  }
  const auto material = backend_.go_on(config_.backend(), out_);
  if (!material) {
    return refuse(material.error());
  }
  if (talk_) {
    think_of_work(*material);
    return {};
  }
  acknowledge_at_.reset();
  std::string answer = LiveBackend::simple_answer(*material);
  backend_.answer_with(answer, config_.backend(), out_);
  say(std::move(answer));
  return {};
}

}  // namespace offhook::sim
