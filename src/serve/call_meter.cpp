#include "serve/call_meter.hpp"

#include "base/json.hpp"

namespace offhook::serve {

namespace {

constexpr double milliseconds_per_second = 1'000.0;

}  // namespace

void CallMeter::on_mark(const Mark& mark) {
  if (mark.source == "rest" && mark.name == "accept.sent") {
    accept_sent_ms_ = mark.at_ms;
    metrics_.accept_s.observe(mark.at_ms / milliseconds_per_second);
  } else if (mark.source == "sideband") {
    on_sideband_mark(mark.name);
  } else if (mark.source == "tool" && mark.name == "called") {
    const boost::json::value detail = mark.detail;
    tools_.emplace(json_string(detail, "function_call_id"), mark.at_ms);
  } else if (mark.source == "tool" && mark.name == "done") {
    if (mark.detail.contains("error")) {
      metrics_.errors.add("tool.failed");
    }
  } else if (mark.name == "failed" || mark.name.ends_with(".failed")) {
    metrics_.errors.add(mark.source + "." + mark.name);
  }
}

void CallMeter::on_sideband_mark(std::string_view name) {
  if (name == "malformed") {
    metrics_.errors.add("sideband.malformed");
  } else if (name == "dropped") {
    ++drops_;
  } else if (name == "attach.failed") {
    ++attach_failures_;
  } else if (name == "attached.again") {
    on_end(true);
  } else if (name.ends_with(".failed")) {  // to send, or what an event tells
    metrics_.errors.add("sideband." + std::string{name});
  }
}

void CallMeter::on_end(bool lost) {
  if (lost && drops_ > 0) {
    metrics_.errors.add("sideband.dropped", drops_);
  }
  if (lost && attach_failures_ > 0) {
    metrics_.errors.add("sideband.attach.failed", attach_failures_);
  }
  drops_ = 0;
  attach_failures_ = 0;
}

void CallMeter::on_message(std::string_view direction,
                           std::string_view type,
                           std::string_view json,
                           double at_ms) {
  if (direction == "received") {
    on_received(type, json, at_ms);
  } else if (type == "conversation.item.create" || type == "response.item.create" ||
             type == "session.commentary.append") {
    on_tool_answered(json, at_ms);
  }
}

void CallMeter::on_received(std::string_view type, std::string_view json, double at_ms) {
  if (type == "session.created" || type == "session.started") {
    if (accept_sent_ms_ && !attached_) {
      metrics_.setup_s.observe((at_ms - *accept_sent_ms_) / milliseconds_per_second);
    }
    attached_ = true;
  } else if (type == "input_audio_buffer.speech_stopped" ||
             type == "session.input_transcript.delta") {
    turn_ended_ms_ = at_ms;
  } else if (type == "input_audio_buffer.speech_started") {
    turn_ended_ms_.reset();
  } else if (type == "output_audio_buffer.started" || type == "session.output_transcript.delta") {
    on_audible(at_ms);
  } else if (type == "response.function_call_arguments.done") {
    on_tool_asked(json, at_ms);
  } else if (type == "error") {
    const auto event = parse_json(json);
    metrics_.errors.add(event ? json_string(*event, "error.code", "api_error") : "api_error");
  }
}

void CallMeter::on_audible(double at_ms) {
  if (!heard_ && accept_sent_ms_) {
    metrics_.first_audio_s.observe((at_ms - *accept_sent_ms_) / milliseconds_per_second);
  }
  heard_ = true;
  if (turn_ended_ms_) {
    metrics_.turn_s.observe((at_ms - *turn_ended_ms_) / milliseconds_per_second);
    turn_ended_ms_.reset();
  }
}

void CallMeter::on_tool_asked(std::string_view json, double at_ms) {
  const auto event = parse_json(json);
  if (event) {
    tools_.emplace(json_string(*event, "call_id"), at_ms);
  }
}

void CallMeter::on_tool_answered(std::string_view json, double at_ms) {
  if (tools_.empty()) {
    return;
  }
  const auto event = parse_json(json);
  if (!event) {
    return;
  }
  const std::string_view id = json_string(*event, "item.call_id");
  const auto found =
      tools_.find(std::string{id.empty() ? json_string(*event, "delegation_id") : id});
  if (found != tools_.end()) {
    metrics_.tool_s.observe((at_ms - found->second) / milliseconds_per_second);
    tools_.erase(found);
  }
}

}  // namespace offhook::serve
