#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "sim/ears.hpp"
#include "sim/persona.hpp"
#include "sim/realtime_session.hpp"
#include "sim/speaker.hpp"
#include "sim/voice.hpp"

namespace offhook::sim {

/// What a model needs from the call it is in.
struct ModelHooks {
  std::function<void(const boost::json::object&)> send;  ///< A server event for every observer.
  std::function<void()> end_call;                        ///< The session is over: hang up.
};

/// The model in one accepted call: gives a `RealtimeSession` a voice and ears, and obeys it.
/// Control thread.
class Model : public std::enable_shared_from_this<Model> {
 public:
  /// @param speaker,voice  Must outlive this.
  Model(SessionConfig config,
        SessionOptions options,
        ScriptRecogniser recogniser,
        Speaker& speaker,
        Voice& voice,
        ModelHooks hooks);
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  /// Stops speaking.
  ~Model();

  [[nodiscard]] boost::json::object session_created() { return session_.session_created(); }
  void on_client_event(std::string_view text);
  void on_digit(char digit);
  /// Hears, follows the playback and sends what is due. Call it every 20 ms or so.
  void tick(Time now);

 private:
  /// The sound of one response.
  struct Utterance {
    std::string response_id;
    std::uint32_t number = 0;
    std::vector<std::int16_t> samples;
    std::size_t queued = 0;  ///< Samples handed to the speaker.
    std::size_t played = 0;  ///< Of those, how many the session knows to have gone out.
    Voice::Stop stop;
    bool whole = false;    ///< No more sound will come.
    bool cleared = false;  ///< What comes is not to be heard.
  };

  void obey();
  void perform(SendEvent& action);
  void perform(const Synthesise& action);
  void perform(const Play& action);
  void perform(const StopSynthesis& action);
  void perform(const ClearPlayback& action);
  void perform(const Recognise& action);
  void perform(const ChangeTurns& action);
  void perform(const EndCall& action);
  void on_spoken(const std::string& response_id, Result<SpokenSentence> spoken);
  void follow_playback(Time now);
  void hear(Time now);
  [[nodiscard]] Utterance* find(std::string_view response_id);

  RealtimeSession session_;
  ScriptRecogniser recogniser_;
  Speaker& speaker_;
  Voice& voice_;
  ModelHooks hooks_;
  Ears ears_;
  std::vector<Utterance> utterances_;
  std::uint32_t last_number_ = 0;
};

}  // namespace offhook::sim
