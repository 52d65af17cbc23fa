#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include "audio/recorder.hpp"
#include "media/engine.hpp"
#include "sim/brain.hpp"
#include "sim/call_clock.hpp"
#include "sim/call_media.hpp"
#include "sim/call_model.hpp"
#include "sim/calls.hpp"
#include "sim/event_queue.hpp"
#include "sim/hearing.hpp"
#include "sim/ids.hpp"
#include "sim/journal.hpp"
#include "sim/live_model.hpp"
#include "sim/mcp_clients.hpp"
#include "sim/observer_list.hpp"
#include "sim/persona.hpp"
#include "sim/phantom.hpp"
#include "sim/replay/fixture.hpp"
#include "sim/replay/fixture_writer.hpp"
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
  CallRecords& records;
  net::TlsContext tls{};               ///< For servers of tools, and the brain.
  const BrainConfig* brain = nullptr;  ///< What answers instead of the persona, if anything.
};

/// Who a call is.
struct LegIdentity {
  CallIds call_ids;
  Ids ids;
  QuirkSet quirks;
  std::uint32_t dice = 1;  ///< Seed of its bad network.
  Journal journal;
  std::shared_ptr<CallClock> clock = std::make_shared<CallClock>();
  std::shared_ptr<const Fixture> fixture{};  ///< Answers the call instead of a model.
};

/// What calls of both directions have in common: SIP dialog, media, the model and the sockets that
/// observe it. Control thread.
class SessionLeg : public Leg, public std::enable_shared_from_this<SessionLeg> {
 public:
  SessionLeg(const SessionLeg&) = delete;
  SessionLeg& operator=(const SessionLeg&) = delete;

  /// Waits for nothing any more, because SIP is gone.
  void abandon();

  [[nodiscard]] const QuirkSet& quirks() const override { return quirks_; }
  [[nodiscard]] const CallClock& clock() const noexcept { return *clock_; }
  void describe(boost::json::object& call) const override;
  void hang_up() override;
  void refer(std::string target_uri) override;
  void attach(std::shared_ptr<Observer> observer) override;
  void detach(const Observer& observer) override;
  void on_client_event(std::string_view text) override;

 protected:
  SessionLeg(LegContext context, LegIdentity identity, std::optional<sip::Call> call = {});

  /// What the call does is heard from now on.
  void follow_call();
  /// @return false when the call is over.
  virtual bool on_sip_event(const sip::CallEvent& event);
  /// The session came to its end by itself.
  virtual void on_session_end();
  /// Tells the other side that the call is over.
  virtual void say_goodbye() { call_->hang_up(); }

  [[nodiscard]] std::shared_ptr<SessionLeg> self() { return shared_from_this(); }
  [[nodiscard]] ModelHooks model_hooks();
  void think(const std::string& id, boost::json::object request, Brain::OnPart tell);
  void stop_thinking(const std::string& id);
  void list_tools(const boost::json::object& tool, McpClients::OnTools tell);
  void call_tool(const CallTool& call, McpClients::OnOutput tell);
  [[nodiscard]] Hearing hearing(audio::CodecId codec) const;
  [[nodiscard]] Persona persona() const;
  /// @param usual  Unless a fault shortens it.
  [[nodiscard]] std::chrono::seconds lifetime(std::chrono::milliseconds usual) const;
  /// Writes the events of the call from now on, if calls are recorded.
  void record_events();
  /// How long a Live session may last.
  struct LiveLimits {
    std::chrono::milliseconds lifetime;
    std::chrono::milliseconds ringing{0};  ///< Before that, of an outbound call.
  };
  /// Makes the model of a Live session.
  LiveModel& start_live(LiveConfig config, audio::CodecId codec, const LiveLimits& limits);
  [[nodiscard]] Result<> start_media(media::MediaSockets sockets,
                                     const sip::NegotiatedMedia& media);
  /// Lets time pass for model and media.
  void start_ticking();
  [[nodiscard]] bool observed() const noexcept { return !observers_.empty(); }
  void finish(std::string_view why, CallEnd end = CallEnd::requested);

  LegContext context_;
  CallIds call_ids_;
  Ids ids_;
  QuirkSet quirks_;
  Journal journal_;
  std::shared_ptr<CallClock> clock_;
  std::shared_ptr<const Fixture> fixture_;
  std::optional<sip::Call> call_;
  Speaker speaker_{};
  std::unique_ptr<CallModel> model_{};
  std::optional<McpClients> servers_;  ///< Of tools; none once the call is over.
  std::optional<Brain> brain_{};       ///< None without one, and once the call is over.
  bool live_ = false;                  ///< Taken by Live.
  bool finished_ = false;

 private:
  static boost::asio::awaitable<void> follow_sip(std::shared_ptr<SessionLeg> self);
  static boost::asio::awaitable<void> tick(std::shared_ptr<SessionLeg> self);
  static boost::asio::awaitable<void> expire(std::shared_ptr<SessionLeg> self);

  /// The speaker, or what records it.
  audio::Port& near_side();
  void send(const boost::json::object& event);
  void send_due(Time now);
  void note(const boost::json::object& event);
  void keep(const boost::json::object& event);
  /// Since the call began, as its transcript tells it.
  [[nodiscard]] double told_ms(const CallRecord& record) const;
  void break_sideband_later(const std::shared_ptr<Observer>& observer);
  void drain_media_events();
  void watch_silence(Time now);

  std::optional<FixtureWriter> recorded_events_{};
  std::optional<audio::RecordedPort> recorded_{};  // around the speaker
  CallMedia media_;                                // uses the two
  ObserverList observers_;
  EventQueue events_;
  boost::asio::cancellation_signal give_up_;
  boost::asio::steady_timer sideband_fault_;
  std::deque<Quirk> sideband_faults_{};  ///< One for each sideband to come.
  std::mt19937 dice_;                    ///< When sidebands drop.
  std::uint64_t received_ = 0;           ///< Packets of the caller.
  Time heard_at_{};                      ///< When the last of them came.
  std::optional<Phantom> phantom_{};
};

}  // namespace offhook::sim
