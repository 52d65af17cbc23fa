#include "agent/dialogue/server_tools.hpp"

#include <algorithm>
#include <variant>

#include <boost/json/serialize.hpp>

#include "agent/dialogue/dialogue.hpp"
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

json::object call_detail(const openai::ConversationItem& item) {
  return {{"server", printable(item.server_label, longest_server_tool_name)},
          {"tool", printable(item.name, longest_server_tool_name)}};
}

}  // namespace

void ServerTools::on_event(const openai::RealtimeEvent& event, Time now) {
  if (const auto* const call = std::get_if<openai::RealtimeMcpCall>(&event)) {
    if (call->returned) {
      on_returned(call->item_id);
    } else if (responses_.size() < most_followed || responses_.contains(call->response_id)) {
      responses_[call->response_id].calls.emplace(call->item_id, false);
    }
  } else if (const auto* const response = std::get_if<openai::RealtimeResponse>(&event)) {
    if (response->done) {
      on_response_done(*response);
    }
  } else if (std::holds_alternative<openai::RealtimeMcpListFailed>(event)) {
    steps_.push_back({"mcp.failed", {{"note", "the tools of a server could not be listed"}}});
  } else if (const auto* const item = std::get_if<openai::RealtimeItemEvent>(&event)) {
    if (item->step == openai::RealtimeItemEvent::Step::done) {
      on_item(item->item, now);
    }
  }
}

void ServerTools::on_item(const openai::ConversationItem& item, Time now) {
  if (item.type == "mcp_approval_request" && approvals_.size() < most_followed) {
    if (approvals_.emplace(item.id, now + approval_patience).second) {
      steps_.push_back({"mcp.approval_requested", call_detail(item)});
    }
  } else if (item.type == "mcp_approval_response") {
    const auto request = approvals_.find(item.approval_request_id);
    if (request != approvals_.end()) {
      approvals_.erase(request);
    }
    steps_.push_back({"mcp.approval", {{"approved", item.approve}}});
  } else if (item.type == "mcp_call") {
    json::object detail = call_detail(item);
    if (!item.error.empty()) {
      detail["error"] = printable(item.error, longest_reason);
    }
    steps_.push_back({"mcp.called", std::move(detail)});
  }
}

void ServerTools::on_response_done(const openai::RealtimeResponse& response) {
  const auto found = responses_.find(response.id);
  if (found == responses_.end()) {
    return;
  }
  if (response.status != "completed") {
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
