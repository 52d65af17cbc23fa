#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include "audio/recorder.hpp"
#include "media/engine.hpp"
#include "sim/call_model.hpp"
#include "sim/calls.hpp"
#include "sim/hearing.hpp"
#include "sim/ids.hpp"
#include "sim/journal.hpp"
#include "sim/observer_list.hpp"
#include "sim/persona.hpp"
#include "sim/sim.hpp"
#include "sim/speaker.hpp"
#include "sim/voice.hpp"
#include "sip/endpoint.hpp"

namespace offhook::sim {

/// What all calls of one sim share. Everything outlives every call.
struct LegContext {
  boost::asio::any_io_executor control;
  media::Engine& engine;
  Voice& voice;
  Listener* listener;  ///< Null: nothing is recognised.
  Calls& calls;
  const SimConfig& config;
};

/// An INVITE whose SDP was answered in mind, with the sockets for its media.
struct OfferedCall {
  sip::Call call;
  media::MediaSockets sockets;
  sip::MediaCapabilities capabilities;
  sip::MediaAnswer answer;
  audio::CodecId codec = audio::CodecId::pcmu;
};

/// One call from INVITE to BYE, taken by Realtime or by Live: SIP, media, the model and the sockets
/// that observe it. Control thread.
///
///     pending ─ accept ─► answered ─ BYE, hangup, time limit ─► over
///        └─ reject, CANCEL, deadline ──────────────────────────►
class CallLeg final : public Leg, public std::enable_shared_from_this<CallLeg> {
 public:
  CallLeg(LegContext context, CallIds call_ids, Ids ids, OfferedCall offered, Journal journal);

  /// Waits for the decision from now on.
  void start();
  /// Waits for nothing any more, because SIP is gone.
  void abandon();

  [[nodiscard]] audio::CodecId codec() const override { return codec_; }
  [[nodiscard]] bool secure() const override {
    return answer_.media.profile == sip::SdpProfile::savp;
  }
  void accept(SessionConfig config) override;
  void accept_live(LiveConfig config) override;
  void reject(int status) override;
  void hang_up() override;
  void refer(std::string target_uri) override;
  void attach(std::shared_ptr<Observer> observer) override;
  void detach(const Observer& observer) override;
  void on_client_event(std::string_view text) override;

 private:
  static boost::asio::awaitable<void> follow_sip(std::shared_ptr<CallLeg> self);
  static boost::asio::awaitable<void> tick(std::shared_ptr<CallLeg> self);
  static boost::asio::awaitable<void> expire(std::shared_ptr<CallLeg> self);

  /// @return false when the call is over.
  bool on_sip_event(const sip::CallEvent& event);
  void await_decision();
  void decided(std::string_view model);
  [[nodiscard]] ModelHooks model_hooks();
  [[nodiscard]] Hearing hearing() const;
  [[nodiscard]] Persona persona() const;
  void answer();
  /// The speaker, or what records it.
  audio::Port& near_side();
  void send(const boost::json::object& event);
  void note(const boost::json::object& event);
  void drop_first_sideband_later(const std::shared_ptr<Observer>& first);
  void drain_media_events();
  void finish(std::string_view why, CallEnd end = CallEnd::requested);

  LegContext context_;
  CallIds call_ids_;
  Ids ids_;
  Journal journal_;
  audio::CodecId codec_;
  sip::Call call_;
  std::optional<media::MediaSockets> sockets_;
  sip::MediaCapabilities capabilities_;
  sip::MediaAnswer answer_;
  Speaker speaker_;
  std::optional<audio::RecordedPort> recorded_{};  // around the speaker
  std::optional<media::Stream> stream_{};          // uses the two
  std::unique_ptr<CallModel> model_{};
  ObserverList observers_;
  boost::asio::cancellation_signal give_up_;
  boost::asio::steady_timer deadline_;
  boost::asio::steady_timer sideband_drop_;
  bool decided_ = false;
  bool live_ = false;  ///< Taken by Live.
  bool dropped_sideband_ = false;
  bool finished_ = false;
};

/// How the media engine is to run what SDP agreed on.
[[nodiscard]] Result<media::StreamConfig> stream_config(const sip::NegotiatedMedia& media);

}  // namespace offhook::sim
