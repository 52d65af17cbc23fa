#pragma once

#include <optional>
#include <string>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "audio/codec.hpp"
#include "sim/api_error.hpp"

namespace offhook::sim {

/// How the caller's turns are found: `audio.input.turn_detection` in numbers. semantic_vad is
/// played by the same detector with a silence that grows as eagerness falls.
struct TurnSettings {
  float threshold = 0.5F;
  int prefix_padding_ms = 300;
  int silence_duration_ms = 200;
  std::optional<int> idle_timeout_ms{};
  bool create_response = true;
  bool interrupt_response = true;
};

/// What is not known of sessions.
struct SessionRules {
  int silence_duration_ms = 200;  ///< Of server_vad, unless the controller says it.
  bool vad_in_accept = false;     ///< An accept may set the three numbers of server_vad.
  bool formats_of_body = false;   ///< No SDP decides them.
};

/// The effective session of one call (docs/openai-behaviour.md 8): begun by the accept body,
/// changed by `session.update`, shown by `session.created` and `session.updated`.
class SessionConfig {
 public:
  /// Reads the body of an accept, strictly: unknown fields are refused, and so are the three
  /// server_vad numbers that OpenAI refuses for SIP calls.
  /// @param codec  What SDP agreed on; it decides both `format` fields whatever the body says.
  [[nodiscard]] static ApiResult<SessionConfig> from_accept(const boost::json::value& body,
                                                            audio::CodecId codec,
                                                            SessionRules rules = {});

  /// Applies the `session` of a `session.update`: only fields that are present change.
  /// @param voice_fixed  The model has spoken, so its voice cannot change any more.
  [[nodiscard]] ApiResult<> update(const boost::json::value& session, bool voice_fixed);

  /// The whole session without `id` and `expires_at`.
  [[nodiscard]] const boost::json::object& json() const noexcept { return session_; }

  [[nodiscard]] std::string instructions() const;
  [[nodiscard]] std::string model() const;
  [[nodiscard]] bool text_only() const;
  /// Model name of the transcription, or nothing when none is wanted.
  [[nodiscard]] std::optional<std::string> transcription_model() const;
  /// Nothing when the controller commits turns itself.
  [[nodiscard]] std::optional<TurnSettings> turns() const;

 private:
  SessionConfig(boost::json::object session, SessionRules rules)
      : session_{std::move(session)}, rules_{rules} {}
  boost::json::object session_;
  SessionRules rules_;
};

/// Holds a session object against the known fields, their types and ranges.
/// @param accept  The stricter rules of a SIP accept.
/// @param vad     … which may set the numbers of server_vad all the same.
[[nodiscard]] ApiResult<> check_session(const boost::json::value& session,
                                        bool accept,
                                        bool vad = false);

/// Holds `tools` of session or response against what functions and servers need.
/// @param path  Of the object that may have them.
[[nodiscard]] ApiResult<> check_tools(const boost::json::value& of, const std::string& path);

/// Holds `max_output_tokens` of session or response against 1 to 4096 and "inf".
/// @param path  Of the object that may have it.
[[nodiscard]] ApiResult<> check_output_tokens(const boost::json::value& of,
                                              const std::string& path);

/// Holds output modalities, used by session and response alike, against ["audio"] and ["text"].
[[nodiscard]] ApiResult<> check_modalities(const boost::json::value& modalities,
                                           const std::string& path);

}  // namespace offhook::sim
