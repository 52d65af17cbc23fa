#include "conversations.hpp"

#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "base/json.hpp"

namespace offhook::conformance {

namespace json = boost::json;

void Conversations::asked(std::string_view client_event) {
  const auto event = parse_json(client_event);
  if (event && json_string(*event, "type") == "response.create" &&
      json_string(*event, "response.conversation") == "none") {
    ++awaited_;
  }
}

std::vector<std::string> Conversations::mismatches(const json::value& event) {
  const std::string_view type = json_string(event, "type");
  const json::value* const conversation = json_at(event, "response.conversation_id");
  if (conversation == nullptr || (type != "response.created" && type != "response.done")) {
    return {};
  }
  const std::string id{json_string(event, "response.id")};
  if (conversation->is_null() && type == "response.created" && !out_of_band_.contains(id) &&
      awaited_ > 0) {
    --awaited_;
    out_of_band_.insert(id);
  }
  if (conversation->is_null() == out_of_band_.contains(id)) {
    return {};
  }
  return {
      std::string{type} + ".response.conversation_id: " + json::serialize(*conversation) +
      (conversation->is_null() ? " though it is not out of band" : " though it is out of band")};
}

void Conversations::check(const json::value& event) {
  for (const std::string& mismatch : mismatches(event)) {
    FAIL_CHECK("not as documented: " << mismatch);
  }
}

}  // namespace offhook::conformance
