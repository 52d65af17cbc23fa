#include "openai/conversation_item.hpp"

#include <boost/json/array.hpp>

#include "base/json.hpp"

namespace offhook::openai {

namespace json = boost::json;

ConversationItem read_conversation_item(const json::value& item) {
  ConversationItem read;
  read.id = json_string(item, "id");
  read.type = json_string(item, "type");
  read.role = json_string(item, "role");
  read.status = json_string(item, "status", read.status);
  read.call_id = json_string(item, "call_id");
  read.name = json_string(item, "name");
  read.arguments = json_string(item, "arguments");
  read.server_label = json_string(item, "server_label");
  read.approval_request_id = json_string(item, "approval_request_id");
  const json::value* approve = json_at(item, "approve");
  read.approve = approve != nullptr && *approve == true;
  read.error = json_string(item, "error.message");
  const json::value* content = json_at(item, "content");
  if (content == nullptr || !content->is_array()) {
    return read;
  }
  // Text of the user and of the system is what we wrote ourselves.
  const bool ours = read.role == "user" || read.role == "system";
  for (const json::value& part : content->get_array()) {
    read.words += json_string(part, "transcript");
    read.words += ours ? std::string_view{} : json_string(part, "text");
    read.has_input_audio = read.has_input_audio || json_string(part, "type") == "input_audio";
  }
  return read;
}

}  // namespace offhook::openai
