#include "agent/dialogue/server_tools.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "agent/dialogue/dialogue.hpp"
#include "base/json.hpp"
#include "base/printable.hpp"

namespace offhook::agent {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

/// Programs that approve attach a sideband of their own.
constexpr auto approval_patience = 30s;
constexpr std::size_t most_followed = 32;
constexpr std::size_t longest_server_tool_name = 64;
constexpr std::size_t longest_reason = 200;

std::string refusal(std::string_view request) {
  const json::object item{{"type", "mcp_approval_response"},
                          {"approval_request_id", request},
                          {"approve", false},
                          {"reason", "Nobody approved the call in time."}};
  return json::serialize(json::object{{"type", "conversation.item.create"}, {"item", item}});
}

json::object call_detail(const json::value& item) {
  return {{"server", printable(json_string(item, "server_label"), longest_server_tool_name)},
          {"tool", printable(json_string(item, "name"), longest_server_tool_name)}};
}

}  // namespace

void ServerTools::on_event(const openai::RealtimeEvent& event, Time now) {
  const std::string& type = event.type;
  const bool concerns = type == "response.done" || type.starts_with("response.mcp_call") ||
                        type.starts_with("mcp_list_tools.") ||
                        type.starts_with("conversation.item.");
  if (!concerns) {
    return;
  }
  const json::value body = event.body;
  if (type == "response.mcp_call_arguments.done") {
    const std::string response{json_string(body, "response_id")};
    if (responses_.size() < most_followed || responses_.contains(response)) {
      responses_[response].calls.emplace(json_string(body, "item_id"), false);
    }
  } else if (type == "response.mcp_call.completed" || type == "response.mcp_call.failed") {
    on_returned(json_string(body, "item_id"));
  } else if (type == "response.done") {
    if (const json::value* const response = json_at(body, "response")) {
      on_response_done(*response);
    }
  } else if (type == "mcp_list_tools.failed") {
    steps_.push_back({"mcp.failed", {{"note", "the tools of a server could not be listed"}}});
  } else if (const json::value* const item = json_at(body, "item")) {
    on_item(type, *item, now);
  }
}

void ServerTools::on_item(std::string_view type, const json::value& item, Time now) {
  const auto kind = json_string(item, "type");
  const bool done = type == "conversation.item.done";
  if (kind == "mcp_approval_request" && done && approvals_.size() < most_followed) {
    if (approvals_.emplace(json_string(item, "id"), now + approval_patience).second) {
      steps_.push_back({"mcp.approval_requested", call_detail(item)});
    }
  } else if (kind == "mcp_approval_response" && done) {
    const auto request = approvals_.find(json_string(item, "approval_request_id"));
    if (request != approvals_.end()) {
      approvals_.erase(request);
    }
    const json::value* const approve = json_at(item, "approve");
    steps_.push_back({"mcp.approval", {{"approved", approve != nullptr && *approve == true}}});
  } else if (kind == "mcp_call" && done) {
    json::object detail = call_detail(item);
    if (const auto why = json_string(item, "error.message"); !why.empty()) {
      detail["error"] = printable(why, longest_reason);
    }
    steps_.push_back({"mcp.called", std::move(detail)});
  }
}

void ServerTools::on_response_done(const json::value& response) {
  const auto found = responses_.find(json_string(response, "id"));
  if (found == responses_.end()) {
    return;
  }
  if (json_string(response, "status") != "completed") {
    responses_.erase(found);  // whoever stopped it says what follows
    return;
  }
  found->second.done = true;
  settle();
}

void ServerTools::on_returned(std::string_view item_id) {
  for (auto& [id, response] : responses_) {
    const auto call = response.calls.find(item_id);
    if (call != response.calls.end()) {
      call->second = true;
    }
  }
  settle();
}

void ServerTools::settle() {
  const auto returned = [](const auto& call) { return call.second; };
  const auto over = [&](const auto& entry) {
    const auto& calls = entry.second.calls;
    return entry.second.done && std::all_of(calls.begin(), calls.end(), returned);
  };
  response_wanted_ = std::erase_if(responses_, over) > 0 || response_wanted_;
}

void ServerTools::on_time(Time now) {
  std::erase_if(approvals_, [&](const auto& request) {
    const bool late = now >= request.second;
    if (late) {
      events_.push_back(refusal(request.first));
    }
    return late;
  });
}

std::optional<ServerTools::Time> ServerTools::deadline() const {
  std::optional<Time> first;
  for (const auto& [request, until] : approvals_) {
    earliest(first, until);
  }
  return first;
}

}  // namespace offhook::agent
