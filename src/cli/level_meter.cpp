#include "cli/level_meter.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

namespace offhook::cli {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds interval{100};
constexpr std::size_t bar_length = 20;
constexpr float lowest_db = -60;

std::string bar(float level_db) {
  const float part = std::clamp(1 - level_db / lowest_db, 0.0F, 1.0F);
  const auto filled = static_cast<std::size_t>(std::lround(part * bar_length));
  return std::string(filled, '#') + std::string(bar_length - filled, '-');
}

}  // namespace

struct LevelMeter::Ticker : std::enable_shared_from_this<Ticker> {
  Ticker(const asio::any_io_executor& control,
         const call::CallAudio& call_audio,
         TerminalView& terminal)
      : timer{control}, audio{call_audio}, view{terminal} {}

  void tick() {
    timer.expires_after(interval);
    timer.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
      if (cancelled || self->ended) {
        return;
      }
      const bool lost = self->audio.device() != nullptr && self->audio.device()->lost();
      self->view.set_status(level_line(self->audio.sent_level_db(), self->audio.received_level_db(),
                                       self->audio.muted(), lost));
      self->tick();
    });
  }

  asio::steady_timer timer;
  const call::CallAudio& audio;
  TerminalView& view;
  bool ended = false;
};

LevelMeter::LevelMeter(const asio::any_io_executor& control,
                       const call::CallAudio& audio,
                       TerminalView& view)
    : ticker_{std::make_shared<Ticker>(control, audio, view)} {
  ticker_->tick();
}

LevelMeter::~LevelMeter() {
  ticker_->ended = true;
  ticker_->timer.cancel();
  ticker_->view.set_status({});
}

std::string level_line(float sent_db, float received_db, bool muted, bool lost) {
  const std::string microphone =
      muted ? fmt::format("{:<{}}", "muted (m)", bar_length) : bar(sent_db);
  return fmt::format("  mic {}  model {}{}", microphone, bar(received_db),
                     lost ? "  no sound device" : "");
}

}  // namespace offhook::cli
