#include "serve/active_call.hpp"

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "openai/event_type.hpp"

namespace offhook::serve {

ActiveCall::ActiveCall(Parts parts,
                       const Offer& offer,
                       const agent::AgentProfile& profile,
                       Parties parties,
                       Timeline::Clock::time_point decided_at,
                       Earlier earlier)
    : feed_{parts.feed},
      policy_{parts.policy},
      goodbye_{profile.limits.goodbye},
      writer_{parts.journal, offer.id},
      meter_{parts.metrics},
      decided_at_{decided_at},
      timeline_{decided_at} {
  record_.id = offer.id;
  record_.api = offer.api;
  record_.agent = profile.name;
  record_.caller = std::move(parties.caller);
  record_.called = std::move(parties.called);
  record_.sip_call_id = offer.sip_call_id();
  record_.outbound = earlier.outbound;
  const std::int64_t now = unix_seconds();
  record_.began = earlier.began == 0 ? now : earlier.began;
  record_.usage = earlier.used;
  subscription_ = timeline_.subscribe([this](const Mark& mark) { on_mark(mark); });
  conversation_ = parts.make_conversation(
      {.profile = profile,
       .call = {offer.api, offer.id, offer.sip_headers, offer.media_security, earlier.used,
                std::chrono::seconds{std::max<std::int64_t>(0, now - record_.began)},
                earlier.outbound, earlier.accept_in_doubt},
       .timeline = timeline_,
       .ledger = parts.journal.ledger(),
       .on_message = [this](std::string_view direction, std::string_view json,
                            double at_ms) { on_message(direction, json, at_ms); },
       .on_said = [this](const Said& line) { on_said(line); },
       .on_usage = [this](const agent::Usage& usage) { on_usage(usage); }});
}

void ActiveCall::on_mark(const Mark& mark) {
  meter_.on_mark(mark);
  writer_.mark(mark);
  if (mark.name == "transcript") {
    return;  // told by on_said
  }
  boost::json::object step = mark.detail;
  step["at_ms"] = mark.at_ms;
  step["source"] = mark.source;
  step["name"] = mark.name;
  feed_.publish(record_.id, "step", std::move(step));
}

void ActiveCall::on_message(std::string_view direction, std::string_view json, double at_ms) {
  if (!writer_.message(direction, json, at_ms)) {
    return;
  }
  meter_.on_message(direction, openai::event_type(json), json, at_ms);
  if (record_.state == CallState::accepting && direction == "received") {
    record_.state = CallState::live;
    feed_.publish(record_.id, "live", {{"at_ms", at_ms}});
  }
}

void ActiveCall::on_said(const Said& line) {
  ++record_.lines;
  record_.last_line = line.who + ": " + line.text;
  writer_.said(line);
  feed_.publish(record_.id, "transcript", to_json(line));
}

void ActiveCall::on_usage(const agent::Usage& usage) {
  record_.usage = usage;
  writer_.usage(usage);
  std::string reason = policy_.used(record_.id, usage.tokens());
  if (!reason.empty() && !std::exchange(quota_used_up_, true)) {
    timeline_.mark("call", "limit", {{"note", reason}});
    conversation_->say_goodbye(goodbye_, std::move(reason));
  }
}

}  // namespace offhook::serve
