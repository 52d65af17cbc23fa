// What a session does with its servers of tools (docs/openai-behaviour.md 7.7).

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "sim/realtime_session.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

json::object tool_list(const std::string& id, std::string_view label, const json::array& tools) {
  return {{"id", id}, {"type", "mcp_list_tools"}, {"server_label", label}, {"tools", tools}};
}

}  // namespace

void RealtimeSession::want_tools(const json::array& tools) {
  for (json::object& tool : servers_.define(tools)) {
    unlisted_.push_back(std::move(tool));
  }
}

/// Asks those that were not asked yet, once somebody watches.
void RealtimeSession::list_servers() {
  if (!attached_ && !conversation_.has_user_message()) {
    return;
  }
  for (json::object& tool : std::exchange(unlisted_, {})) {
    const std::string id = out_.ids().realtime("mcpl_");
    const std::string label{tool.at("server_label").as_string()};
    // An answer to an earlier question about the same server says nothing any more.
    std::erase_if(listing_, [&](const auto& entry) { return entry.second == label; });
    listing_[id] = label;
    const json::value previous = conversation_.last();
    conversation_.append(Item{tool_list(id, label, {})});
    out_.send("mcp_list_tools.in_progress", {{"item_id", id}});
    out_.send("conversation.item.added",
              {{"previous_item_id", previous}, {"item", tool_list(id, label, {})}});
    out_.act(ListTools{id, std::move(tool)});
  }
}

void RealtimeSession::on_tools_listed(const std::string& item_id,
                                      const McpResult<json::array>& tools) {
  const auto asked = listing_.find(item_id);
  const bool current = asked != listing_.end();
  json::object item = tool_list(item_id, current ? asked->second : "", {});
  if (current && tools) {
    item["tools"] = servers_.offer(asked->second, *tools);
  } else if (current) {
    servers_.on_failed(asked->second);
  }
  if (Item* const kept = conversation_.find(item_id)) {
    if (!current) {
      item = kept->body;
    }
    kept->body = item;
    out_.send("conversation.item.done",
              {{"previous_item_id", conversation_.before(item_id)}, {"item", item}});
  }
  out_.send(current && tools ? "mcp_list_tools.completed" : "mcp_list_tools.failed",
            {{"item_id", item_id}});
  listing_.erase(item_id);
}

/// The arguments of a call are whole: it is made, or the controller is asked.
void RealtimeSession::start_call(Response& response) {
  PendingCall call{response.item_id(), response.call(), response.output_index()};
  if (call.call.needs_approval) {
    call.approval_request_id = out_.ids().realtime("mcpr_");
    const json::object request{{"id", call.approval_request_id},
                               {"type", "mcp_approval_request"},
                               {"server_label", call.call.server},
                               {"name", call.call.name},
                               {"arguments", call.call.arguments}};
    add_item(Item{request}, conversation_.last());
    response.leave_call(call.approval_request_id);
  } else {
    response.await_call();
    run_call(call);
  }
  calls_.push_back(std::move(call));
}

void RealtimeSession::run_call(const PendingCall& call) {
  out_.send("response.mcp_call.in_progress",
            {{"item_id", call.item_id}, {"output_index", call.output_index}});
  out_.act(CallTool{call.item_id, call.call.server, call.call.name, call.call.arguments});
}

void RealtimeSession::on_tool_called(const std::string& item_id,
                                     const McpResult<std::string>& output,
                                     Time now) {
  const auto found = std::find_if(calls_.begin(), calls_.end(),
                                  [&](const PendingCall& call) { return call.item_id == item_id; });
  if (found == calls_.end()) {
    return;
  }
  const PendingCall call = std::move(*found);
  calls_.erase(found);
  json::object fields{{"output", nullptr}, {"error", nullptr}};
  if (output) {
    fields["output"] = *output;
  } else {
    fields["error"] = output.error().json();
  }
  end_call(call, std::move(fields), now);
}

void RealtimeSession::end_call(const PendingCall& call, json::object fields, Time now) {
  out_.send(
      fields.at("error").is_null() ? "response.mcp_call.completed" : "response.mcp_call.failed",
      {{"item_id", call.item_id}, {"output_index", call.output_index}});
  const auto open = std::find_if(responses_.begin(), responses_.end(), [&](const auto& response) {
    return response->item_id() == call.item_id;
  });
  if (open != responses_.end()) {
    (*open)->call_returned(fields);
    advance_responses(now);
    return;
  }
  Item* const kept = conversation_.find(call.item_id);
  if (kept == nullptr) {
    return;  // deleted, or of a response out of band
  }
  for (const auto& [key, value] : fields) {
    kept->body[key] = value;
  }
  out_.send("conversation.item.done",
            {{"previous_item_id", conversation_.before(call.item_id)}, {"item", kept->body}});
}

ApiResult<> RealtimeSession::check_approval(const json::value& item) const {
  const auto id = json_string(item, "approval_request_id");
  const bool waits = std::any_of(calls_.begin(), calls_.end(), [&](const PendingCall& call) {
    return call.approval_request_id == id;
  });
  if (!waits) {
    return refuse({"invalid_value", "No approval request '" + std::string{id} + "' is waiting.",
                   "item.approval_request_id"});
  }
  return {};
}

void RealtimeSession::decide_call(const json::value& approval, Time now) {
  const auto found = std::find_if(calls_.begin(), calls_.end(), [&](const PendingCall& call) {
    return call.approval_request_id == json_string(approval, "approval_request_id");
  });
  if (*json_at(approval, "approve") == true) {
    found->approval_request_id.clear();  // it has been given
    run_call(*found);
    return;
  }
  const PendingCall call = std::move(*found);
  calls_.erase(found);
  const auto reason = json_string(approval, "reason");
  const json::object error{
      {"type", "tool_execution_error"},
      {"message", "The call was not approved" +
                      (reason.empty() ? std::string{"."} : ": " + std::string{reason})}};
  end_call(call, {{"output", nullptr}, {"error", error}}, now);
}

}  // namespace offhook::sim
