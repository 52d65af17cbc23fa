#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include "audio/recogniser.hpp"
#include "base/error.hpp"

namespace offhook::sim {

/// Recognises what callers said, for all calls, on a few threads of its own: decoding takes too
/// long for the control thread. Control thread, but for its own work.
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
  [[nodiscard]] Result<audio::Recogniser> take_decoder(bool narrowband);
  void give_back(bool narrowband, audio::Recogniser decoder);

  boost::asio::any_io_executor control_;
  audio::RecogniserModule module_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< Control thread.
  std::mutex idle_lock_;
  std::vector<audio::Recogniser> idle_narrowband_;
  std::vector<audio::Recogniser> idle_wideband_;
  boost::asio::thread_pool pool_{threads};
};

}  // namespace offhook::sim
