#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "sim/api_error.hpp"

namespace offhook::sim {

/// Who does what the model hands on (docs/openai-behaviour.md 10.3).
enum class Delegate : std::uint8_t { client, responses, decisions };
[[nodiscard]] std::string_view to_string(Delegate delegate) noexcept;

/// The effective session of one Live call (docs/openai-behaviour.md 10): fixed by the accept body
/// but for `delegation` and `triggers`.
class LiveConfig {
 public:
  /// Reads `session` of an accept or of an outbound call, strictly: unknown fields are refused, and
  /// so is `audio.format`, which is SDP's business.
  /// @param with_type  An accept: `type` is there and "live". Else there is none.
  [[nodiscard]] static ApiResult<LiveConfig> from_body(const boost::json::value& session,
                                                       bool with_type);

  /// Applies the `session` of a `session.update`: only fields that are present change.
  /// @return `immutable_field_update` for what the start has fixed.
  [[nodiscard]] ApiResult<> update(const boost::json::value& session);

  /// The fields that the controller set, defaults added; without id, status and expiry.
  [[nodiscard]] const boost::json::object& json() const noexcept { return session_; }

  [[nodiscard]] std::string model() const;
  [[nodiscard]] std::string instructions() const;
  /// Name of `audio.output.voice`; empty for a voice of one's own.
  [[nodiscard]] std::string voice() const;
  [[nodiscard]] Delegate delegate() const;
  /// Before the model asks for patience by itself.
  [[nodiscard]] std::chrono::milliseconds acknowledgement_delay() const;
  /// Settings of the delegate: `delegation.responses` or `.decisions`; null for the client.
  [[nodiscard]] boost::json::value backend() const;

 private:
  explicit LiveConfig(boost::json::object session) : session_{std::move(session)} {}
  boost::json::object session_;
};

}  // namespace offhook::sim
