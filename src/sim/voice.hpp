#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include "audio/speech.hpp"
#include "base/error.hpp"
#include "sim/response.hpp"

namespace offhook::sim {

/// Some of the sound of a sentence at 16 kHz. All of its pieces together are as long as it says.
struct SpokenPiece {
  std::optional<Sentence> begins{};  ///< The sentence, with its first piece.
  std::vector<std::int16_t> samples;
  bool ends = false;           ///< It is the sentence's last piece.
  bool last_sentence = false;  ///< No other sentence follows.
};

/// Speaks texts on a thread of its own, sentence by sentence and these piece by piece, because
/// synthesis takes too long for the control thread, and because a caller is not to wait for it.
class Voice {
 public:
  using OnPiece = std::function<void(Result<SpokenPiece>)>;
  /// Set it, from any thread, when no more sentences are wanted.
  using Stop = std::shared_ptr<std::atomic<bool>>;

  /// @param control  Where results are told.
  /// @param name     Voice, see audio/speech.hpp.
  Voice(boost::asio::any_io_executor control, std::string name);
  Voice(const Voice&) = delete;
  Voice& operator=(const Voice&) = delete;
  /// Waits for the piece in work.
  ~Voice();

  /// What is asked for first is spoken first.
  /// @param tell   Called on `control` for every piece in order, of an empty text for an empty one;
  ///               after an error no more.
  /// @param style  Without a voice: the usual one. What is said begins at once in any case.
  void speak(std::string text, Stop stop, OnPiece tell, audio::SpeechStyle style = {});
  [[nodiscard]] static Stop not_stopped() { return std::make_shared<std::atomic<bool>>(false); }
  /// Another voice than the usual one.
  [[nodiscard]] std::string_view another() const noexcept;

 private:
  boost::asio::any_io_executor control_;
  std::string name_;
  /// Sentences that were spoken lately, by style and text: many calls say the same. Only the pool's
  /// thread uses it.
  using Spoken = std::unordered_map<std::string, SpokenPiece>;
  std::shared_ptr<Spoken> spoken_ = std::make_shared<Spoken>();
  std::shared_ptr<std::atomic<bool>> closing_;
  boost::asio::thread_pool pool_{1};
};

}  // namespace offhook::sim
