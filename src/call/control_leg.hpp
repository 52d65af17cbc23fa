#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include "base/timeline.hpp"
#include "call/call_options.hpp"
#include "call/call_result.hpp"
#include "call/incoming_calls.hpp"
#include "call/transcript.hpp"
#include "call/turn_state.hpp"
#include "openai/calls_api.hpp"
#include "openai/provider.hpp"
#include "openai/sideband.hpp"

namespace offhook::call {

/// The controller's half of one call: webhook, REST and sideband. Control thread only.
class ControlLeg {
 public:
  /// Told every sideband event, both ways, with its time: `--events` keeps them.
  using OnSidebandEvent =
      std::function<void(std::string_view direction, std::string_view json, double at_ms)>;

  ControlLeg(boost::asio::any_io_executor control,
             IncomingCalls& incoming,
             openai::Provider provider,
             Timeline& timeline,
             AgentOptions options,
             std::string call_header_id,
             OnSidebandEvent on_sideband_event);
  ~ControlLeg();
  ControlLeg(const ControlLeg&) = delete;
  ControlLeg& operator=(const ControlLeg&) = delete;

  /// Waits for the call's webhook, accepts, attaches, greets, and then follows the conversation
  /// until something fails for good. An ordinary end is the business of the phone: OpenAI drops the
  /// sideband without a word (docs/openai-behaviour.md 7.10).
  [[nodiscard]] boost::asio::awaitable<Ending> run();

  /// Ends the call over REST when `hang_up` says that SIP could not, and closes the socket.
  boost::asio::awaitable<void> part(bool hang_up);

  /// When the accept was answered, if it was.
  [[nodiscard]] const std::optional<Timeline::Clock::time_point>& accepted_at() const noexcept {
    return accepted_at_;
  }
  /// Sideband messages that were no events, over all attachments.
  [[nodiscard]] std::uint64_t malformed_events() const noexcept { return malformed_events_; }
  [[nodiscard]] const std::string& call_id() const noexcept { return call_id_; }
  [[nodiscard]] const TurnState& turns() const noexcept { return turns_; }
  [[nodiscard]] const Transcript& transcript() const noexcept { return transcript_; }

 private:
  [[nodiscard]] boost::asio::awaitable<Result<openai::RealtimeCallIncoming>> wait_for_webhook();
  [[nodiscard]] boost::asio::awaitable<std::optional<Ending>> attach();
  [[nodiscard]] boost::asio::awaitable<std::optional<Ending>> attach_again();
  [[nodiscard]] boost::asio::awaitable<void> follow_events();
  [[nodiscard]] boost::asio::awaitable<void> answer_function_calls(openai::RealtimeEvent done);
  [[nodiscard]] boost::asio::awaitable<Result<>> send(std::string event);
  [[nodiscard]] boost::json::object session() const;
  void on_event(const openai::RealtimeEvent& event);

  boost::asio::any_io_executor control_;
  IncomingCalls& incoming_;
  openai::Provider provider_;
  Timeline& timeline_;
  AgentOptions options_;
  std::string call_header_id_;
  OnSidebandEvent on_sideband_event_;
  openai::CallsApi api_;

  std::optional<openai::Sideband> sideband_;
  std::string call_id_;
  std::optional<Timeline::Clock::time_point> accepted_at_;
  std::uint64_t malformed_events_ = 0;
  TurnState turns_;
  Transcript transcript_;
};

}  // namespace offhook::call
