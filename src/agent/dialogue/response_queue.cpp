#include "agent/dialogue/response_queue.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace offhook::agent {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using Kind = ResponseWish::Kind;
using Time = ResponseQueue::Time;

constexpr std::size_t most_wishes = 16;
/// After the caller's last word turn detection begins a response of its own, as a rule.
constexpr auto turn_grace = 500ms;
/// Speech whose end was never told does not hold us back for ever.
constexpr auto longest_speech = 20s;
/// Refused because of a response that we know nothing of: its end will not be told to us.
constexpr auto unknown_response = 1s;
constexpr auto longest_pending = 15s;
/// From the end of generation to the first sound. Generation is faster than playback.
constexpr auto sound_grace = 5s;
constexpr auto cut_short_grace = 2s;
constexpr auto longest_farewell = 60s;
constexpr auto farewell_after_gap = 8s;
/// To be told what the model did in a gap.
constexpr auto longest_doubt = 5s;

constexpr std::string_view metadata_key = "offhook";

bool has_sound(const openai::RealtimeResponse& response) {
  return !response.output  // not said: wait for it
         || std::ranges::find(*response.output, "message", &openai::ConversationItem::type) !=
                response.output->end();
}

}  // namespace

void ResponseQueue::want(ResponseWish wish, Time now) {
  if (farewell_) {
    return;  // nothing follows a farewell
  }
  if (wish.kind == Kind::farewell) {
    wanted_.clear();
    doubtful_.reset();
    farewell_ = Farewell{.reason = wish.tag, .patience = now + longest_farewell};
  }
  if (in_doubt() && wish.kind == Kind::plain) {
    doubtful_.reset();  // covered by this one
  }
  const bool covered = wish.kind == Kind::plain && std::ranges::any_of(wanted_, [](const auto& w) {
                         return w.kind == Kind::plain;
                       });
  if (!covered && wanted_.size() < most_wishes) {
    wanted_.push_back(std::move(wish));
  }
  advance(now);
}

void ResponseQueue::withdraw(std::string_view tag) {
  std::erase_if(wanted_,
                [&](const auto& wish) { return wish.kind == Kind::filler && wish.tag == tag; });
}

void ResponseQueue::interrupt() {
  if (!active_.empty()) {
    events_.push_back(openai::response_cancel());
  }
  if (!active_.empty() || !playing_.empty()) {
    events_.push_back(openai::output_audio_buffer_clear());
  }
}

void ResponseQueue::make_way(Time now) {
  if (farewell_ && !farewell_->created() && !pending_ && !doubtful_) {
    interrupt();
    caller_speaks_since_.reset();
    hold_until_.reset();
    advance(now);
  }
}

void ResponseQueue::hang_up_after(std::string response_id, std::string reason, Time now) {
  if (farewell_) {
    return;
  }
  wanted_.clear();
  doubtful_.reset();
  const bool generated = std::ranges::find(active_, response_id) == active_.end();
  const bool begun = std::ranges::find(playing_, response_id) != playing_.end();
  const auto patience = begun ? Clock::duration{longest_farewell} : Clock::duration{sound_grace};
  farewell_ = Farewell{.reason = std::move(reason),
                       .response_id = std::move(response_id),
                       .generated = generated,
                       .begun = begun,
                       .patience = now + patience};
  advance(now);
}

void ResponseQueue::on_event(const openai::RealtimeEvent& event, Time now) {
  if (const auto* const response = std::get_if<openai::RealtimeResponse>(&event)) {
    if (response->in_conversation && response->done) {
      on_done(*response, now);
    } else if (response->in_conversation) {
      on_created(*response, now);
    }
  } else if (const auto* const error = std::get_if<openai::RealtimeError>(&event)) {
    on_error(*error, now);
  } else if (const auto* const playback = std::get_if<openai::RealtimePlayback>(&event)) {
    on_playback(*playback, now);
  } else if (const auto* const speech = std::get_if<openai::RealtimeSpeech>(&event)) {
    if (speech->started) {
      caller_speaks_since_ = now;
    } else {
      caller_speaks_since_.reset();
      hold_until_ = now + turn_grace;
    }
  } else {
    return;
  }
  advance(now);
}

void ResponseQueue::on_created(const openai::RealtimeResponse& response, Time now) {
  active_.push_back(response.id);
  hold_until_.reset();
  if (!pending_) {
    return;
  }
  const json::value* token =
      response.metadata ? response.metadata->if_contains(metadata_key) : nullptr;
  if (token != nullptr && *token == json::value(pending_->token)) {
    taken_up(response.id, now);
  } else if (!response.metadata) {
    pending_->perhaps = response.id;
  }
}

void ResponseQueue::taken_up(std::string_view response_id, Time now) {
  if (pending_->wish.kind == Kind::farewell && farewell_) {
    farewell_->response_id = response_id;
    farewell_->patience = now + longest_farewell;
  }
  pending_.reset();
}

void ResponseQueue::on_done(const openai::RealtimeResponse& response, Time now) {
  const std::string& id = response.id;
  active_.clear();  // there is one at a time, so none is left
  if (pending_ && !id.empty() && pending_->perhaps == id) {
    taken_up(id, now);  // not refused while it ran: it was ours
  }
  if (id.empty() || !is_farewell(id)) {
    return;
  }
  farewell_->generated = true;
  if (!has_sound(response) && !farewell_->begun) {
    farewell_->ended = true;
  } else if (response.status != "completed") {
    farewell_->patience = now + cut_short_grace;
  } else if (!farewell_->begun) {
    farewell_->patience = now + sound_grace;
  }
}

void ResponseQueue::on_error(const openai::RealtimeError& error, Time now) {
  const bool busy = error.code == "conversation_already_has_active_response";
  if (!pending_) {
    return;
  }
  const bool ours = error.event_id == std::string{event_prefix} + pending_->token ||
                    (busy && error.event_id.empty());
  if (ours && busy) {
    refused(now);
  } else if (ours) {  // no later attempt can fare better
    const bool farewell = pending_->wish.kind == Kind::farewell;
    pending_.reset();
    if (farewell && farewell_) {
      farewell_->ended = farewell_->generated = true;
    }
  }
}

void ResponseQueue::refused(Time now) {
  if (pending_->wish.kind != Kind::filler) {
    wanted_.push_front(std::move(pending_->wish));
  }
  pending_.reset();
  if (active_.empty()) {
    hold_until_ = now + unknown_response;
  }
}

void ResponseQueue::on_playback(const openai::RealtimePlayback& playback, Time now) {
  const bool begins = playback.step == openai::RealtimePlayback::Step::started;
  const std::string& response_id = playback.response_id;
  if (response_id.empty()) {
    playing_.clear();
  } else {
    std::erase(playing_, response_id);
  }
  if (begins) {
    playing_.push_back(response_id);
  }
  if (is_farewell(response_id)) {
    farewell_->begun = true;
    farewell_->ended = farewell_->ended || !begins;
    // The end of its sound comes after the end of its generation, which may have been missed.
    farewell_->generated = farewell_->generated || (!begins && farewell_->after_gap);
    if (begins && farewell_->generated) {
      farewell_->patience = now + longest_farewell;
    }
  } else if (farewell_ && farewell_->generated && !begins) {
    farewell_->patience = std::max(farewell_->patience, now + sound_grace);  // its turn comes now
  }
}

void ResponseQueue::on_attached(Time now) {
  attached_ = true;
  doubt_until_ = now + longest_doubt;
  advance(now);
}

void ResponseQueue::on_repaired(bool model_went_on, Time now) {
  const auto wish = std::exchange(doubtful_, std::nullopt);
  if (wish && !model_went_on) {
    wanted_.push_front(*wish);
  } else if (wish && wish->kind == Kind::farewell) {
    farewell_met_gap(now);
  }
  advance(now);
}

void ResponseQueue::on_detached(Time now) {
  attached_ = false;
  active_.clear();
  playing_.clear();
  caller_speaks_since_.reset();
  if (pending_ && pending_->wish.kind != Kind::filler) {
    doubtful_ = std::move(pending_->wish);
  }
  pending_.reset();
  hold_until_.reset();
  if (farewell_ && farewell_->created()) {
    farewell_met_gap(now);
  }
  advance(now);
}

void ResponseQueue::farewell_met_gap(Time now) {
  farewell_->after_gap = true;
  // A further gap does not begin the wait anew: sidebands that drop again and again would keep the
  // call up.
  farewell_->patience = std::min(farewell_->patience, now + farewell_after_gap);
}

void ResponseQueue::on_time(Time now) {
  if (pending_ && now >= pending_->sent + longest_pending) {
    refused(now);
  }
  if (caller_speaks_since_ && now >= *caller_speaks_since_ + longest_speech) {
    caller_speaks_since_.reset();
  }
  if (attached_ && doubtful_ && now >= doubt_until_) {
    on_repaired(false, now);
  }
  advance(now);
}

std::optional<Time> ResponseQueue::deadline() const {
  std::optional<Time> first;
  const auto consider = [&](std::optional<Time> time) {
    if (time && (!first || *time < *first)) {
      first = time;
    }
  };
  consider(may_send_at());
  if (pending_) {
    consider(pending_->sent + longest_pending);
  }
  if (attached_ && doubtful_) {
    consider(doubt_until_);
  }
  if (farewell_ && !farewell_->told) {
    consider(farewell_->patience);
  }
  return first;
}

/// Nothing: not before another event.
std::optional<Time> ResponseQueue::may_send_at() const {
  if (!attached_ || wanted_.empty() || pending_ || doubtful_ || !active_.empty()) {
    return std::nullopt;
  }
  if (caller_speaks_since_) {
    return *caller_speaks_since_ + longest_speech;
  }
  return hold_until_.value_or(Time{});
}

void ResponseQueue::advance(Time now) {
  const auto at = may_send_at();
  if (at && now >= *at) {
    ResponseWish wish = std::move(wanted_.front());
    wanted_.pop_front();
    send(std::move(wish), now);
  }
  advance_farewell(now);
}

/// What is heard, or ends, after a farewell was created in a gap is that farewell. An empty id, of
/// which playback tells, may be any response's.
bool ResponseQueue::is_farewell(std::string_view response_id) {
  if (!farewell_ || !farewell_->created()) {
    return false;
  }
  if (farewell_->response_id.empty()) {
    farewell_->response_id = response_id;
  }
  return response_id.empty() || farewell_->response_id == response_id;
}

void ResponseQueue::advance_farewell(Time now) {
  if (!farewell_ || farewell_->told) {
    return;
  }
  const bool heard = farewell_->generated && farewell_->ended;
  if ((heard && playing_.empty()) || now >= farewell_->patience) {
    hang_up_ = std::move(farewell_->reason);
    farewell_->told = true;
  }
}

void ResponseQueue::send(ResponseWish wish, Time now) {
  Pending pending{std::move(wish), "r" + std::to_string(++count_), {}, now};
  json::object response{{"metadata", {{metadata_key, pending.token}}}};
  if (!pending.wish.instructions.empty()) {
    response["instructions"] = pending.wish.instructions;
  }
  if (pending.wish.kind == Kind::filler || pending.wish.kind == Kind::farewell) {
    response["tool_choice"] = "none";  // it is to speak, not to act
  }
  const json::object event{{"type", "response.create"},
                           {"event_id", std::string{event_prefix} + pending.token},
                           {"response", std::move(response)}};
  events_.push_back(json::serialize(event));
  pending_ = std::move(pending);
}

}  // namespace offhook::agent
