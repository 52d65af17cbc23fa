#include "sim/hearing.hpp"

#include <algorithm>
#include <utility>

namespace offhook::sim {

Hearing::Hearing(ScriptRecogniser script, Listener* listener, bool narrowband)
    : script_{std::move(script)}, listener_{listener}, narrowband_{narrowband} {}

void Hearing::hear(const CallerFrame& frame) {
  if (heard_.size() >= longest) {  // silence for a minute, or a very long turn: the end counts
    heard_.erase(heard_.begin(), heard_.begin() + static_cast<std::ptrdiff_t>(longest / 2));
  }
  heard_.insert(heard_.end(), frame.samples.begin(), frame.samples.end());
}

void Hearing::begin_turn(int ago_ms) {
  const std::size_t kept =
      std::min(heard_.size(), static_cast<std::size_t>(std::max(ago_ms, 0)) * samples_per_ms);
  heard_.erase(heard_.begin(), heard_.end() - static_cast<std::ptrdiff_t>(kept));
}

void Hearing::find_words(const std::string& id, OnWords tell) {
  std::vector<std::int16_t> turn{heard_.begin(), heard_.end()};  // without the room of the silence
  heard_.clear();
  if (keeps_turns_) {
    keep(id, turn);
  }
  std::string foretold = script_.next();
  if (listener_ == nullptr || foretold != unknown_words) {
    tell(std::move(foretold));
    return;
  }
  listener_->recognise(std::move(turn), narrowband_,
                       [weak = std::weak_ptr{alive_}, tell = std::move(tell)](std::string words) {
                         if (weak.lock()) {
                           tell(words.empty() ? std::string{unknown_words} : std::move(words));
                         }
                       });
}

void Hearing::keep(const std::string& id, std::vector<std::int16_t> samples) {
  turns_.push_back({id, std::move(samples)});
  while (kept() > longest && turns_.size() > 1) {
    turns_.pop_front();
  }
}

std::size_t Hearing::kept() const noexcept {
  std::size_t samples = heard_.size();
  for (const Turn& one : turns_) {
    samples += one.samples.size();
  }
  return samples;
}

std::span<const std::int16_t> Hearing::sound_of(std::string_view turn) const {
  const auto found =
      std::find_if(turns_.begin(), turns_.end(), [&](const Turn& one) { return one.id == turn; });
  return found == turns_.end() ? std::span<const std::int16_t>{} : found->samples;
}

}  // namespace offhook::sim
