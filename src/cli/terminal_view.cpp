#include "cli/terminal_view.hpp"

#include <cstdlib>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

#include "base/json.hpp"
#include "base/json_text.hpp"
#include "base/printable.hpp"
#include "cli/print.hpp"

namespace offhook::cli {
namespace {

namespace json = boost::json;

std::string field(const Mark& mark, std::string_view name) {
  const json::value* value = mark.detail.if_contains({name.data(), name.size()});
  if (value == nullptr) {
    return {};
  }
  const json::string* text = value->if_string();
  return text == nullptr ? json_text(*value) : std::string{text->data(), text->size()};
}

std::string describe_sip(const Mark& mark) {
  if (mark.name == "invite") {
    return "INVITE " + field(mark, "target") + " (" + field(mark, "profile") + ")";
  }
  if (mark.name == "invite.sent") {
    return "INVITE sent over TLS";
  }
  if (mark.name == "trying" || mark.name == "progress" || mark.name == "failed") {
    const std::string status = field(mark, "status");
    return status == "0" ? "not connected" : status + " " + field(mark, "reason");
  }
  if (mark.name == "answered") {
    return "200 OK, ACK sent";
  }
  if (mark.name == "bye.received") {
    return "BYE received";
  }
  if (mark.name == "bye.sent") {
    return "BYE sent";
  }
  return {};
}

std::string describe_transcript(const Mark& mark) {
  const bool interrupted = field(mark, "interrupted") == "true";
  return field(mark, "who") + ": " + field(mark, "text") + (interrupted ? " —" : "");
}

/// Anything without a sentence of its own: name and fields.
std::string describe_plain(const Mark& mark) {
  std::string line = mark.name;
  for (const auto& [key, value] : mark.detail) {
    const std::string text = field(mark, {key.data(), key.size()});
    if (!text.empty()) {
      line += fmt::format(" {}={}", std::string_view{key.data(), key.size()}, text);
    }
  }
  return line;
}

/// A mark in words, as the peers worded it.
std::string sentence(const Mark& mark) {
  if (mark.source == "call" && mark.name == "transcript") {
    return describe_transcript(mark);
  }
  if (mark.source == "call" && mark.name == "ending") {
    return "ending " + field(mark, "result");  // the reason stands in the last line
  }
  if (mark.source == "sideband" && mark.name == "output_audio_buffer.cleared") {
    return "output_audio_buffer.cleared: interrupted, the model is silent";
  }
  std::string line = mark.source == "sip" ? describe_sip(mark) : std::string{};
  if (line.empty() && mark.source == "sideband") {
    line = field(mark, "text");
  }
  if (line.empty()) {
    line = describe_plain(mark);
  }
  return line;
}

bool belongs_to_conversation(const Mark& mark) {
  if (mark.source == "sideband") {
    return mark.name == "attached" || mark.name == "dropped" ||
           mark.name == "input_audio_buffer.dtmf_event_received" || mark.name == "error" ||
           mark.name == "output_audio_buffer.cleared";
  }
  return mark.source != "sim" && mark.name != "quality";
}

}  // namespace

std::string describe(const Mark& mark) { return printable(sentence(mark), max_line_bytes); }

TerminalView::TerminalView(std::FILE* out, Style style)
    : out_{out},
      style_{style},
      colour_{isatty(fileno(out)) != 0 && std::getenv("NO_COLOR") == nullptr},
      terminal_{isatty(fileno(out)) != 0 && style != Style::json} {}

void TerminalView::set_status(std::string line) {
  if (!terminal_ || line == status_) {
    return;
  }
  status_ = std::move(line);
  print(out_, "\r\033[K" + status_);
}

void TerminalView::show(const Mark& mark) {
  if (!status_.empty()) {
    print(out_, "\r\033[K");
  }
  if (style_ == Style::json) {
    print(out_, to_jsonl(mark) + '\n');
  } else if (style_ == Style::sim || (style_ == Style::text && mark.source != "sim") ||
             belongs_to_conversation(mark)) {
    show_text(mark);
  }
  if (!status_.empty()) {
    print(out_, status_);
  }
}

void TerminalView::show_text(const Mark& mark) {
  const bool speech = mark.source == "call" && mark.name == "transcript";
  const bool trouble = mark.detail.contains("error") || mark.name == "failed";
  const char* begin = "";
  const char* end = "";
  if (colour_) {
    begin = speech ? "\033[1m" : (trouble ? "\033[31m" : "\033[2m");
    end = "\033[0m";
  }
  print(out_, fmt::format("{:>8.3f} s  {}{:<9} {}{}\n", mark.at_ms / 1'000, begin,
                          speech ? "" : mark.source, describe(mark), end));
}

}  // namespace offhook::cli
