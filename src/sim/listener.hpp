#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "audio/recogniser.hpp"
#include "base/error.hpp"

namespace offhook::sim {

/// Recognises what callers said, for all calls, on a few threads of its own, which stand back
/// behind all others: decoding takes too long for the control thread. With many utterances at a
/// time it listens less closely, so that answers come in time. Control thread, but for its own
/// work.
class Listener {
 public:
  using OnWords = std::function<void(std::string)>;

  /// @param control  Where results are told.
  /// @return why there is no recogniser: its module, or its model, is not installed.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> start(
      boost::asio::any_io_executor control);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  /// Waits for the utterances in work; what still waits is not told any more.
  ~Listener();

  [[nodiscard]] const std::string& name() const noexcept { return module_.name(); }

  /// @param samples     One utterance, 16 kHz.
  /// @param narrowband  It came over G.711.
  /// @param tell        Called on `control`, empty when no word was found.
  void recognise(std::vector<std::int16_t> samples, bool narrowband, OnWords tell);

 private:
  static constexpr std::size_t threads = 2;

  Listener(boost::asio::any_io_executor control, audio::RecogniserModule module);
  /// More than this at a time are recognised quickly.
  static constexpr std::size_t at_leisure = threads + 1;

  struct Kind {
    bool narrowband = false;
    bool quick = false;
    friend auto operator<=>(const Kind&, const Kind&) = default;
  };

  [[nodiscard]] Result<audio::Recogniser> take_decoder(Kind kind);
  void give_back(Kind kind, audio::Recogniser decoder);

  boost::asio::any_io_executor control_;
  audio::RecogniserModule module_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< Control thread.
  std::mutex idle_lock_;
  std::map<Kind, std::vector<audio::Recogniser>> idle_;
  std::size_t unfinished_ = 0;  ///< Control thread.
  boost::asio::io_context work_{static_cast<int>(threads)};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> waiting_for_work_{
      work_.get_executor()};
  std::vector<std::jthread> pool_{};
};

}  // namespace offhook::sim
