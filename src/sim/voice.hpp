#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/error.hpp"
#include "sim/response.hpp"

namespace offhook::sim {

/// One sentence of speech with its sound at 16 kHz, whole milliseconds long.
struct SpokenSentence {
  Sentence sentence;
  std::vector<std::int16_t> samples;
  bool last = false;
};

/// Speaks texts on a thread of its own, sentence by sentence, because synthesis takes too long for
/// the control thread.
class Voice {
 public:
  using OnSentence = std::function<void(Result<SpokenSentence>)>;
  /// Set it, from any thread, when no more sentences are wanted.
  using Stop = std::shared_ptr<std::atomic<bool>>;

  /// @param control  Where results are told.
  /// @param name     Voice, see audio/speech.hpp.
  Voice(boost::asio::any_io_executor control, std::string name);
  Voice(const Voice&) = delete;
  Voice& operator=(const Voice&) = delete;
  /// Waits for the sentence in work.
  ~Voice();

  /// What is asked for first is spoken first.
  /// @param tell   Called on `control` for every sentence in order, of an empty text for an empty
  ///               one; after an error no more.
  /// @param voice  Empty: the usual one.
  void speak(std::string text, Stop stop, OnSentence tell, const std::string& voice = {});
  [[nodiscard]] static Stop not_stopped() { return std::make_shared<std::atomic<bool>>(false); }
  /// Another voice than the usual one.
  [[nodiscard]] std::string_view another() const noexcept;

 private:
  boost::asio::any_io_executor control_;
  std::string name_;
  /// Sentences that were spoken lately, by voice and text: many calls say the same. Only the pool's
  /// thread uses it.
  using Spoken = std::unordered_map<std::string, SpokenSentence>;
  std::shared_ptr<Spoken> spoken_ = std::make_shared<Spoken>();
  std::shared_ptr<std::atomic<bool>> closing_;
  boost::asio::thread_pool pool_{1};
};

}  // namespace offhook::sim
