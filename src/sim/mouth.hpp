#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "sim/response.hpp"
#include "sim/speaker.hpp"
#include "sim/voice.hpp"

namespace offhook::sim {

/// What a model says aloud, each thing under an id: speech that is synthesised while it is said,
/// and whole sounds. Control thread.
class Mouth {
 public:
  struct Hooks {
    /// One more sentence begins to be synthesised. `last`: none follows.
    std::function<void(const std::string& id, const Sentence& sentence, bool last)> sentence;
    /// It cannot be spoken, and why.
    std::function<void(const std::string& id, const std::string& why)> failed;
    /// So much of it went out, in ms; at least some. Must not use this.
    std::function<void(const std::string& id, int played_ms)> played;
  };

  /// @param speaker,voice  Must outlive this.
  Mouth(Speaker& speaker, Voice& voice, Hooks hooks);
  Mouth(const Mouth&) = delete;
  Mouth& operator=(const Mouth&) = delete;
  /// Stops speaking.
  ~Mouth();

  /// Begins to synthesise, or goes on with more text; nothing is heard before `play`.
  /// @param last   false: more text follows under this id, if only an empty one.
  /// @param style  Of all that follows under this id; see Voice::speak.
  void synthesise(const std::string& id,
                  std::string text,
                  bool last,
                  const audio::SpeechStyle& style = {});
  /// Lets it be heard up to here, as far as it is synthesised, and the rest when it is.
  void play(std::string_view id, int to_ms);
  /// Plays a whole sound at 16 kHz behind what is queued.
  void play_sound(const std::string& id, std::vector<std::int16_t> samples);
  /// No more of this speech is wanted than may be heard by now.
  void stop(std::string_view id);
  /// Throws away everything that waits to be heard, and what is still synthesised.
  void clear();
  /// Tells how far everything was played and forgets what is over. Call it every 20 ms or so.
  void follow();

 private:
  struct Utterance {
    std::string id;
    std::uint32_t number = 0;
    std::vector<std::int16_t> samples;
    std::size_t wanted = 0;  ///< So many samples may be heard.
    std::size_t queued = 0;  ///< Samples handed to the speaker.
    std::size_t played = 0;  ///< Of those, how many are known to have gone out.
    Voice::Stop stop;
    audio::SpeechStyle style{};
    bool stopping = false;  ///< No more is wanted than `wanted`.
    bool whole = false;     ///< No more sound will come.
    bool cleared = false;   ///< What comes is not to be heard.
  };

  void on_spoken(const std::string& id, Result<SpokenPiece> spoken);
  void queue(Utterance& utterance);
  static void stop_when_enough(Utterance& utterance);
  [[nodiscard]] Utterance* find(std::string_view id);

  Speaker& speaker_;
  Voice& voice_;
  Hooks hooks_;
  std::vector<Utterance> utterances_;
  std::uint32_t last_number_ = 0;
  std::shared_ptr<Mouth*> self_;  ///< For answers of the voice that come when this is gone.
};

}  // namespace offhook::sim
