#pragma once

#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "call/call_audio.hpp"
#include "cli/terminal_view.hpp"

namespace offhook::cli {

/// One line at the bottom of the screen, ten times a second: how loud both sides are, and whether
/// we are muted. Control thread; audio and view must outlive it.
class LevelMeter {
 public:
  LevelMeter(const boost::asio::any_io_executor& control,
             const call::CallAudio& audio,
             TerminalView& view);
  ~LevelMeter();
  LevelMeter(const LevelMeter&) = delete;
  LevelMeter& operator=(const LevelMeter&) = delete;

 private:
  struct Ticker;
  std::shared_ptr<Ticker> ticker_;
};

/// `mic ######----  model ##--------`; levels in dBFS.
[[nodiscard]] std::string level_line(float sent_db, float received_db, bool muted, bool lost);

}  // namespace offhook::cli
