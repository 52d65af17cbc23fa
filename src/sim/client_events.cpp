#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/json.hpp"
#include "sim/realtime_session.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr int least_commit_ms = 100;

constexpr std::array<std::string_view, 12> response_fields{
    "conversation",        "input",     "instructions", "output_modalities", "audio",  "tools",
    "parallel_tool_calls", "reasoning", "tool_choice",  "max_output_tokens", "prompt", "metadata"};

ApiResult<> check_response(const json::value& response) {
  const auto* const object = response.if_object();
  if (object == nullptr) {
    return refuse(invalid_value("response", "an object"));
  }
  for (const auto& [key, value] : *object) {
    bool known = false;
    for (std::string_view field : response_fields) {
      known = known || field == key;
    }
    if (!known) {
      return refuse(unknown_parameter("response." + std::string{key}));
    }
  }
  const json::value* const conversation = json_at(response, "conversation");
  if (conversation != nullptr && *conversation != "auto" && *conversation != "none") {
    return refuse(invalid_value("response.conversation", "\"auto\" or \"none\""));
  }
  if (auto checked = check_tools(response, "response"); !checked) {
    return checked;
  }
  if (auto checked = check_output_tokens(response, "response"); !checked) {
    return checked;
  }
  if (const auto* const modalities = json_at(response, "output_modalities")) {
    return check_modalities(*modalities, "response.output_modalities");
  }
  return {};
}

/// The id of an item that an event names; it must be there and be text.
ApiResult<std::string> item_id_of(const json::value& event) {
  const auto* const id = json_at(event, "item_id");
  if (id == nullptr) {
    return refuse(missing_parameter("item_id"));
  }
  if (!id->is_string()) {
    return refuse(invalid_value("item_id", "a string"));
  }
  return std::string{id->get_string()};
}

tl::unexpected<ApiError> no_such_item(const std::string& id, const std::string& param) {
  return refuse({"invalid_value", "The item with id '" + id + "' does not exist.", param});
}

}  // namespace

void RealtimeSession::on_client_event(std::string_view text, Time now) {
  if (expired_) {
    return;
  }
  list_servers();
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) {
    out_.send_error({"invalid_event", "The message is not a JSON object."}, {});
    return;
  }
  dispatch(*parsed, now);
}

void RealtimeSession::dispatch(const json::value& event, Time now) {
  const auto event_id = json_string(event, "event_id");
  const auto type = json_string(event, "type");
  if (type.empty()) {
    out_.send_error(missing_parameter("type"), event_id);
    return;
  }
  if (const auto handled = handle(type, event, now); !handled) {
    out_.send_error(handled.error(), event_id);
  }
}

ApiResult<> RealtimeSession::handle(std::string_view type, const json::value& event, Time now) {
  if (type == "session.update") {
    return update_session(event);
  }
  if (type == "response.create") {
    return create_response(event, now);
  }
  if (type == "response.cancel") {
    return cancel_response(event, now);
  }
  if (type == "output_audio_buffer.clear") {
    clear_playback();
    return {};
  }
  if (type == "conversation.item.create") {
    return create_item(event, now);
  }
  if (type == "conversation.item.delete") {
    return delete_item(event);
  }
  if (type == "conversation.item.retrieve") {
    return retrieve_item(event);
  }
  if (type == "conversation.item.truncate") {
    return truncate_item_by_client(event);
  }
  if (type == "input_audio_buffer.commit") {
    return commit_by_client();
  }
  if (type == "input_audio_buffer.clear") {
    committed_ms_ = caller_ms_;
    out_.send("input_audio_buffer.cleared", {});
    return {};
  }
  if (type == "input_audio_buffer.append") {
    return refuse({"invalid_event",
                   "The audio of a SIP call comes by RTP: "
                   "'input_audio_buffer.append' is not available."});
  }
  return refuse(
      {"invalid_value", fmt::format("Invalid value: '{}'. No such client event.", type), "type"});
}

ApiResult<> RealtimeSession::update_session(const json::value& event) {
  const auto* const session = json_at(event, "session");
  if (session == nullptr) {
    return refuse(missing_parameter("session"));
  }
  const auto* const tools = json_at(*session, "tools");
  if (tools != nullptr && tools->is_array()) {
    if (auto checked = servers_.check(tools->get_array(), "session.tools"); !checked) {
      return checked;
    }
  }
  if (auto updated = config_.update(*session, model_spoke_); !updated) {
    return updated;
  }
  want_tools(config_.json().at("tools").as_array());
  out_.send("session.updated", {{"session", session_json()}});
  out_.act(ChangeTurns{});
  return {};
}

ApiResult<> RealtimeSession::create_response(const json::value& event, Time now) {
  const json::value defaults = json::object{};
  const auto* response = json_at(event, "response");
  if (response == nullptr || response->is_null()) {
    response = &defaults;
  }
  if (auto checked = check_response(*response); !checked) {
    return checked;
  }
  const Response* const active = active_response();
  if (active != nullptr && json_string(*response, "conversation") != "none") {
    return refuse({"conversation_already_has_active_response",
                   fmt::format("Conversation already has an active response in progress: {}. Wait "
                               "until the response is finished before creating a new one.",
                               active->id())});
  }
  if (const auto* const tools = json_at(*response, "tools"); tools && tools->is_array()) {
    if (auto checked = servers_.check(tools->get_array(), "response.tools"); !checked) {
      return checked;
    }
    want_tools(tools->get_array());
  }
  const auto context = context_of(*response);
  if (!context) {
    return refuse(context.error());
  }
  start_response(*response, *context, now);
  return {};
}

ApiResult<> RealtimeSession::cancel_response(const json::value& event, Time /*now*/) {
  const auto wanted = json_string(event, "response_id");
  const Response* const response = wanted.empty() ? active_response() : find_response(wanted);
  if (response == nullptr) {
    return refuse({"response_cancel_not_active", "Cancellation failed: no active response found"});
  }
  const std::string id = response->id();
  end_response(id, {"cancelled", "client_cancelled"});
  report_playback(id);
  return {};
}

void RealtimeSession::add_item(Item item, const json::value& previous) {
  const json::object body = item.body;
  conversation_.append(std::move(item));
  for (const char* name : {"conversation.item.added", "conversation.item.done"}) {
    out_.send(name, {{"previous_item_id", previous}, {"item", body}});
  }
}

ApiResult<> RealtimeSession::create_item(const json::value& event, Time now) {
  const auto* const wanted = json_at(event, "item");
  if (wanted == nullptr) {
    return refuse(missing_parameter("item"));
  }
  if (auto checked = check_item(*wanted); !checked) {
    return checked;
  }
  const bool approval = json_string(*wanted, "type") == "mcp_approval_response";
  if (approval) {
    if (auto checked = check_approval(*wanted); !checked) {
      return checked;
    }
  }
  Item item = complete_item(wanted->as_object(), out_.ids().realtime("item_"));
  const std::string id{item.id()};
  if (conversation_.find(id) != nullptr) {
    return refuse({"invalid_value", "An item with id '" + id + "' exists already.", "item.id"});
  }
  const json::object body = item.body;
  const auto previous = json_string(event, "previous_item_id");
  if (previous.empty()) {
    conversation_.append(std::move(item));
  } else if (!conversation_.insert_after(previous, std::move(item))) {
    return no_such_item(std::string{previous}, "previous_item_id");
  }
  for (const char* name : {"conversation.item.added", "conversation.item.done"}) {
    out_.send(name, {{"previous_item_id", conversation_.before(id)}, {"item", body}});
  }
  if (approval) {
    decide_call(*wanted, now);
  }
  return {};
}

ApiResult<> RealtimeSession::delete_item(const json::value& event) {
  const auto id = item_id_of(event);
  if (!id) {
    return refuse(id.error());
  }
  if (!conversation_.remove(*id)) {
    return no_such_item(*id, "item_id");
  }
  out_.send("conversation.item.deleted", {{"item_id", *id}});
  return {};
}

ApiResult<> RealtimeSession::retrieve_item(const json::value& event) {
  const auto id = item_id_of(event);
  if (!id) {
    return refuse(id.error());
  }
  const Item* const item = conversation_.find(*id);
  if (item == nullptr) {
    return no_such_item(*id, "item_id");
  }
  auto answer = out_.event("conversation.item.retrieved", {{"item", item->body}});
  if (item->role() == "user" && item->audio_ms > 0) {
    out_.act(SendWithAudio{std::move(answer), *id});
  } else {
    out_.act(SendEvent{std::move(answer)});
  }
  return {};
}

ApiResult<> RealtimeSession::truncate_item_by_client(const json::value& event) {
  const auto id = item_id_of(event);
  if (!id) {
    return refuse(id.error());
  }
  const auto content_index = json_int(event, "content_index");
  const auto end_ms = json_int(event, "audio_end_ms");
  if (!content_index || !end_ms) {
    return refuse(missing_parameter(content_index ? "audio_end_ms" : "content_index"));
  }
  Item* const item = conversation_.find(*id);
  if (item == nullptr) {
    return no_such_item(*id, "item_id");
  }
  if (item->role() != "assistant" || item->audio_ms == 0) {
    return refuse(
        {"invalid_value", "Only a message of the model with audio can be truncated.", "item_id"});
  }
  if (*end_ms < 0 || *end_ms > item->audio_ms) {
    return refuse(
        {"invalid_value",
         fmt::format("Audio content of {}ms is already shorter than {}ms", item->audio_ms, *end_ms),
         "audio_end_ms"});
  }
  truncate_item(*item, static_cast<int>(*end_ms));
  out_.send("conversation.item.truncated",
            {{"item_id", *id}, {"content_index", *content_index}, {"audio_end_ms", *end_ms}});
  return {};
}

ApiResult<> RealtimeSession::commit_by_client() {
  const int buffered_ms = caller_ms_ - committed_ms_;
  if (buffered_ms < least_commit_ms) {
    return refuse({"input_audio_buffer_commit_empty",
                   fmt::format("Error committing input audio buffer: buffer too small. Expected at "
                               "least {}ms of audio, but buffer only has {}ms of audio.",
                               least_commit_ms, clock_->made_up() ? 0 : buffered_ms)});
  }
  std::string item_id = std::exchange(speech_item_, {});
  if (item_id.empty()) {
    item_id = out_.ids().realtime("item_");
  }
  const int from_ms = clock_->now_ms(0);
  commit(item_id, clock_->made_up() ? clock_->end_turn(0) - from_ms : buffered_ms);
  out_.act(Recognise{item_id});
  return {};
}

}  // namespace offhook::sim
