#include "sim/live_model.hpp"

#include <utility>

namespace offhook::sim {
namespace {

constexpr int fixture_rate_hz = 24'000;

/// People pause within a sentence; nothing on the wire tells where a turn ends, so patience costs
/// only time.
TurnSettings patient() {
  TurnSettings settings;
  settings.silence_duration_ms = 500;
  return settings;
}

}  // namespace

LiveModel::LiveModel(LiveConfig config,
                     LiveOptions options,
                     Hearing hearing,
                     Speaker& speaker,
                     Voice& voice,
                     ModelHooks hooks)
    : SpokenModel{LiveSession{std::move(config), std::move(options)}, std::move(hearing), speaker,
                  voice, std::move(hooks)} {
  ears_.configure(patient());
  hearing_.keep_no_turns();  // Live has no items to be retrieved
  if (auto reflector = AudioReflector::create()) {
    reflector_.emplace(std::move(*reflector));
  }
}

std::vector<boost::json::object> LiveModel::greeting() { return session_.greeting(now_steady()); }

void LiveModel::on_digit(char digit) {
  session_.on_digit(digit, now_steady());
  obey();
}

void LiveModel::on_digit_sent(char digit) {
  session_.on_digit_sent(digit, now_steady());
  obey();
}

void LiveModel::on_call_end(CallEnd why) {
  session_.on_call_end(why, now_steady());
  obey();
}

void LiveModel::on_ringing() {
  session_.on_ringing(now_steady());
  obey();
}

void LiveModel::on_answered() {
  session_.on_answered(now_steady());
  obey();
}

void LiveModel::on_transport_failed(const std::string& code, const std::string& message) {
  session_.on_transport_failed(code, message, now_steady());
  obey();
}

void LiveModel::prepare(CallerFrame& frame) {
  reflect(frame);
  if (!session_.listening()) {
    frame.samples.fill(0);
  }
}

/// Before muting, and only for somebody.
void LiveModel::reflect(const CallerFrame& frame) {
  if (!reflector_ || session_.closed()) {
    return;
  }
  const auto events = reflector_->take(frame);
  if (hooks_.observed && hooks_.observed()) {
    for (const auto& event : events) {
      hooks_.send(event);
    }
  }
}

void LiveModel::perform(const PlaySound& action) {
  auto sound = audio::resample(action.samples, fixture_rate_hz, voice_rate_hz);
  if (!sound) {
    return;
  }
  const std::size_t ms =
      (action.samples.size() + fixture_samples_per_ms - 1) / fixture_samples_per_ms;
  sound->resize(ms * samples_per_ms);
  mouth_.play_sound(action.id, std::move(*sound));
}

void LiveModel::perform(const SendDigit& action) {
  const auto sent = hooks_.send_digit(action.digit);
  if (!sent) {
    session_.on_digit_failed(sent.error().detail, now_steady());
  }
}

}  // namespace offhook::sim
