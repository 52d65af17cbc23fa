#include "sim/phantom.hpp"

#include <algorithm>

namespace offhook::sim {
namespace {

constexpr const char* words = "Hello? Hello? Who is there?";
constexpr std::size_t silent_frames = 150;  // 3 s

}  // namespace

Phantom::Phantom(Voice& voice) {
  auto tell = [weak = std::weak_ptr{samples_}](const Result<SpokenPiece>& spoken) {
    const auto samples = weak.lock();
    if (samples && spoken) {
      samples->insert(samples->end(), spoken->samples.begin(), spoken->samples.end());
    }
  };
  voice.speak(words, Voice::not_stopped(), std::move(tell));  // it is short
}

void Phantom::haunt(CallerFrame& frame) {
  if (++frames_ <= silent_frames || said_ == samples_->size()) {
    return;
  }
  const std::size_t count = std::min(frame.samples.size(), samples_->size() - said_);
  frame.samples.fill(0);
  std::copy_n(samples_->begin() + static_cast<std::ptrdiff_t>(said_), count, frame.samples.begin());
  said_ += count;
}

}  // namespace offhook::sim
