#include "sim/replay/replay_session.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/json.hpp"
#include "sim/api_error.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

/// So much earlier than in the recording a client event may come.
constexpr double reach_ms = 5'000;
/// A controller that departs for ever fills no log.
constexpr int most_departures = 100;

constexpr std::array<std::string_view, 4> own_ids{"response_id", "response.id", "item_id",
                                                  "item.id"};

std::chrono::steady_clock::duration from_ms(double ms) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double, std::milli>(ms));
}

}  // namespace

ReplaySession::ReplaySession(std::shared_ptr<const Fixture> fixture,
                             Ids ids,
                             std::int64_t expires_at)
    : fixture_{std::move(fixture)},
      out_{std::move(ids)},
      expires_at_{expires_at},
      progress_(fixture_->steps.size()) {}

std::vector<ReplayAction> ReplaySession::take_actions() { return std::exchange(actions_, {}); }

void ReplaySession::mark(std::string name, json::object detail) {
  json::object all{{"fixture", fixture_->name}};
  for (const auto& [key, value] : detail) {
    all.insert_or_assign(key, value);
  }
  actions_.emplace_back(TellMark{std::move(name), std::move(all)});
}

void ReplaySession::depart(std::size_t line, const Difference& difference) {
  if (++departures_ > most_departures) {
    return;
  }
  json::object detail{{"line", line}};
  if (!difference.at.empty()) {
    detail["at"] = difference.at;
  }
  detail["expected"] = difference.expected;
  detail["got"] = difference.got;
  mark("replay.departed", std::move(detail));
}

void ReplaySession::show_expiry(json::object& event) const {
  json::value* const session = event.if_contains("session");
  if (session != nullptr && session->is_object() && session->get_object().contains("expires_at")) {
    session->get_object()["expires_at"] = expires_at_;
  }
}

json::object ReplaySession::session_created(Time now) {
  if (!std::exchange(attached_, true)) {
    sent_at_ = now;
    sent_ms_ = fixture_->attached_ms;
  }
  json::object event = fixture_->session_created;
  show_expiry(event);
  return event;
}

void ReplaySession::on_time(Time now) {
  while (attached_ && advance(now)) {
  }
}

bool ReplaySession::advance(Time now) {
  const auto& steps = fixture_->steps;
  while (next_ < steps.size() && (!steps[next_].from_server || progress_[next_].gone)) {
    ++next_;
  }
  if (next_ == steps.size()) {
    if (!std::exchange(ended_, true)) {
      mark("replay.ended", {});
    }
    return false;
  }
  const FixtureStep& step = steps[next_];
  Time from = sent_at_;
  double recorded_ms = sent_ms_;
  if (step.answers) {
    const auto& came = progress_[*step.answers].came;
    if (!came) {
      return give_up(*step.answers, now);
    }
    from = std::max(from, *came);
    recorded_ms = std::max(recorded_ms, steps[*step.answers].at_ms);
  }
  const Time due = from + from_ms(step.at_ms - recorded_ms);
  if (now < due) {
    return false;
  }
  send(next_++, due);
  return true;
}

void ReplaySession::send(std::size_t index, Time due) {
  const FixtureStep& step = fixture_->steps[index];
  sent_at_ = due;
  sent_ms_ = step.at_ms;
  const auto question = step.answers ? live_.find(*step.answers) : live_.end();
  json::object event =
      echo_.adapt(step.event, question == live_.end() ? nullptr : &question->second);
  show_expiry(event);
  const auto type = event_text(step.event, "type");
  const bool expired = event_text(step.event, "error.code") == "session_expired";
  actions_.emplace_back(SendEvent{std::move(event)});
  if (!step.sound.empty()) {
    actions_.emplace_back(PlayRecorded{step.sound});
  } else if (type == "output_audio_buffer.cleared") {
    actions_.emplace_back(ClearPlayback{});
  } else if (type == "error" && expired) {
    actions_.emplace_back(EndCall{});
  }
}

bool ReplaySession::give_up(std::size_t question, Time now) {
  const FixtureStep& step = fixture_->steps[question];
  const Time usual = sent_at_ + from_ms(std::max(step.at_ms - sent_ms_, 0.0));
  const bool passed_by = latest_ && *latest_ > question;
  Time limit = usual + patience;
  if (passed_by) {
    limit = std::min(limit, std::max(usual, *progress_[*latest_].came) + short_patience);
  }
  if (now < limit) {
    return false;
  }
  const auto waited = std::chrono::duration_cast<std::chrono::seconds>(now - sent_at_);
  depart(step.line, {{},
                     brief(step.event),
                     passed_by ? kind_of(fixture_->steps[*latest_].event)
                               : "nothing for " + std::to_string(waited.count()) + " s"});
  leave_out(question);
  sent_at_ = now;  // what comes next is as far from here as it was from the event
  sent_ms_ = std::max(sent_ms_, step.at_ms);
  return true;
}

/// With a client event its answers go, and with a response all that is about it.
void ReplaySession::leave_out(std::size_t question) {
  const auto& steps = fixture_->steps;
  progress_[question].gone = true;
  std::set<std::string_view> ids;
  const auto is_known = [&](const FixtureStep& step, std::string_view path) {
    return ids.contains(event_text(step.event, path));
  };
  for (std::size_t i = next_; i < steps.size(); ++i) {
    const FixtureStep& step = steps[i];
    Progress& progress = progress_[i];
    if (step.from_server) {
      progress.gone = progress.gone || (step.answers && progress_[*step.answers].gone) ||
                      std::ranges::any_of(own_ids, [&](auto path) { return is_known(step, path); });
    } else if (!progress.came) {
      progress.gone = progress.gone || is_known(step, "item.call_id") ||
                      is_known(step, "item_id") || is_known(step, "response_id");
    }
    if (!step.from_server || !progress.gone) {
      continue;
    }
    for (const std::string_view path : {"response.id", "item.id", "item.call_id"}) {
      if (const auto id = event_text(step.event, path); !id.empty()) {
        ids.insert(id);
      }
    }
  }
}

void ReplaySession::on_client_event(std::string_view text, Time now) {
  const auto parsed = parse_json(text);
  const json::object live = parsed && parsed->is_object() ? parsed->get_object() : json::object{};
  on_time(now);  // what was due before it
  const auto place = place_of(live);
  if (!place) {
    refuse(live);
    return;
  }
  const FixtureStep& step = fixture_->steps[*place];
  progress_[*place].came = now;
  latest_ = std::max(latest_, place);
  if (const auto difference = first_difference(step.event, live)) {
    depart(step.line, *difference);
  }
  echo_.on_client(step.event, live);
  live_.emplace(*place, live);
  on_time(now);
}

/// The recorded client event that a live one takes the place of: the first that is the same, else
/// the first of its kind.
std::optional<std::size_t> ReplaySession::place_of(const json::object& live) {
  const auto& steps = fixture_->steps;
  const auto is_open = [&](std::size_t i) {
    return !steps[i].from_server && !progress_[i].came && !progress_[i].gone;
  };
  while (open_ < steps.size() && !is_open(open_)) {
    ++open_;
  }
  const std::string kind = kind_of(live);
  std::optional<std::size_t> like;
  for (std::size_t i = open_; i < steps.size(); ++i) {
    if (next_ < steps.size() && i > next_ && steps[i].at_ms > steps[next_].at_ms + reach_ms) {
      break;
    }
    if (!is_open(i) || kind_of(steps[i].event) != kind) {
      continue;
    }
    if (!first_difference(steps[i].event, live)) {
      return i;
    }
    if (!like) {
      like = i;
    }
  }
  return like;
}

void ReplaySession::refuse(const json::object& live) {
  const auto& steps = fixture_->steps;
  const bool waits = open_ < steps.size();
  depart(waits ? steps[open_].line : 0,
         {{}, waits ? brief(steps[open_].event) : "nothing more", brief(live)});
  const std::string type{event_text(live, "type")};
  actions_.emplace_back(SendEvent{out_.error_event(
      {"replay_departed", "The recording '" + fixture_->name + "' has no '" + type + "' here."},
      event_text(live, "event_id"))});
}

}  // namespace offhook::sim
