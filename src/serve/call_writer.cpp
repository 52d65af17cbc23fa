#include "serve/call_writer.hpp"

#include <algorithm>
#include <array>

#include "openai/event_type.hpp"

namespace offhook::serve {

namespace {

/// Of the sideband's marks all are messages but those about the connection itself.
bool tells_a_message(const Mark& mark) {
  constexpr std::array<std::string_view, 7> connection{
      "attached",  "attached.again", "attach.failed", "dropped",
      "malformed", "closed",         "send.failed"};
  return mark.source == "sideband" && std::ranges::find(connection, mark.name) == connection.end();
}

}  // namespace

void CallWriter::mark(const Mark& mark) {
  if (mark.name != "transcript" && !tells_a_message(mark)) {
    journal_.mark(call_id_, mark);
  }
}

bool CallWriter::message(std::string_view direction, std::string_view json, double at_ms) {
  if (openai::carries_audio(openai::event_type(json))) {
    return false;  // most of what Live sends: nobody here wants it
  }
  journal_.message(call_id_, direction, json, at_ms);
  return true;
}

}  // namespace offhook::serve
