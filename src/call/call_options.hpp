#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/json/array.hpp>

#include "agent/profile.hpp"
#include "agent/tools/tool_factory.hpp"
#include "audio/codec.hpp"
#include "audio/voice/voice_processor.hpp"
#include "media/jitter_buffer_kind.hpp"

namespace offhook::call {

/// How hard we insist on encrypted media.
enum class SrtpPolicy : std::uint8_t {
  require,  ///< Offer RTP/SAVP; no call without it.
  prefer,   ///< Offer RTP/SAVP; on 488, or a plain answer, go on with RTP/AVP and say so.
  off,      ///< Offer RTP/AVP.
};

/// Where the call goes and what is offered to it.
struct PhoneOptions {
  std::string sip_target;  ///< "sip:proj_x@sip.api.openai.com;transport=tls"
  std::string sip_name;    ///< Name that the peer's certificate must carry.
  std::string sip_ca;      ///< PEM file of a private CA; empty: the system's trust anchors.
  SrtpPolicy srtp = SrtpPolicy::prefer;
  std::vector<audio::CodecId> codecs;  ///< In order of preference.
  std::string from_user = "offhook";
  std::chrono::seconds no_answer{10};      ///< INVITE without any response: give up.
  std::chrono::seconds final_answer{180};  ///< INVITE without a final one (RFC 3261, Timer C).
  std::chrono::seconds after_accept{30};   ///< The same once the call has been accepted.
  media::JitterBufferKind jitter_buffer = media::default_jitter_buffer;
  std::string dtmf;  ///< Digits sent once the call is up and the opening line is over.
};

/// What the model is told.
struct AgentOptions {
  bool control = true;  ///< false: somebody else's controller accepts; we are only the phone.
  std::string model = "gpt-realtime-2.1";
  std::string instructions = "You are a friendly voice on the telephone. Keep answers short.";
  std::string voice = "marin";
  std::string say = "Say Hi.";                   ///< Instructions of the opening response.create.
  std::string transcription = "gpt-transcribe";  ///< Model for the caller's words; empty: none.
  boost::json::array tools{};                    ///< Passed through in accept.
  std::chrono::milliseconds webhook_deadline{20'000};
  /// A whole agent instead of the fields from `model` to `tools`; null: those.
  std::shared_ptr<const agent::AgentProfile> profile{};
  agent::ToolFactoryOptions tool_options{};         ///< For that agent's tools.
  std::shared_ptr<const std::string> hold_sound{};  ///< As agent::ConversationServices has it.
};

/// Sound in and out, and when to stop.
struct AudioOptions {
  std::string input = "device";   ///< "device", "null" or a sound file.
  std::string output = "device";  ///< "device", "null" or a file to write.
  std::string record{};  ///< Stereo recording: left = caller, right = model; FLAC by default.
  int rate_hz = 24'000;  ///< Of all frames between codec and device; the model's own.
  bool start_after_greeting = true;  ///< Hold the input file until the opening line is over.
  std::string microphone{};          ///< For "device": as audio::DeviceRequest has it.
  std::string loudspeaker{};
  std::string backend{};  ///< For "device", too: by which system sound goes; empty: the best.
  audio::VoiceProcessorConfig voice{};  ///< Echo cancellation and cleaning, of a device.
};

struct CallOptions {
  PhoneOptions phone;
  AgentOptions agent;
  AudioOptions audio;
  std::chrono::seconds max_duration{0};  ///< 0: no limit of ours.
};

}  // namespace offhook::call
