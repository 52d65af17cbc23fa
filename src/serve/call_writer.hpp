#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "serve/call_journal.hpp"

namespace offhook::serve {

/// Hands what one call tells to the journal, each thing once: messages whole, sound not at all, and
/// of the marks those that are not about a message or a line of the transcript. One executor.
class CallWriter {
 public:
  /// @param journal  Must outlive it.
  CallWriter(CallJournal& journal, std::string call_id)
      : journal_{journal}, call_id_{std::move(call_id)} {}

  void mark(const Mark& mark);
  /// @return false for sound.
  bool message(std::string_view direction, std::string_view json, double at_ms);
  void said(const Said& line) { journal_.said(call_id_, line); }
  void usage(const agent::Usage& usage) { journal_.usage(call_id_, usage); }

  void set_id(std::string call_id) { call_id_ = std::move(call_id); }
  [[nodiscard]] const std::string& id() const noexcept { return call_id_; }

 private:
  CallJournal& journal_;
  std::string call_id_;
};

}  // namespace offhook::serve
