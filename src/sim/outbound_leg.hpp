#pragma once

#include <memory>
#include <optional>

#include <boost/asio/steady_timer.hpp>

#include "sim/outbound_request.hpp"
#include "sim/session_leg.hpp"

namespace offhook::sim {

/// One call that a Live session places by a trunk (docs/openai-behaviour.md 10.4). Control thread.
///
/// A call that fails before anybody observes it is kept for three seconds, so that a controller
/// which attaches then learns why. One that nobody answers is given up after a while.
class OutboundLeg final : public SessionLeg {
 public:
  OutboundLeg(LegContext context,
              LegIdentity identity,
              media::MediaSockets sockets,
              sip::MediaOffer offer);

  /// Begins the session and sends the INVITE.
  void start(LiveConfig config, const TrunkCall& trunk, sip::Endpoint& endpoint);

  [[nodiscard]] audio::CodecId codec() const override { return audio::CodecId::opus; }
  [[nodiscard]] bool secure() const override { return true; }
  void describe(boost::json::object& call) const override;
  void attach(std::shared_ptr<Observer> observer) override;
  void accept(SessionConfig /*config*/) override {}
  void accept_live(LiveConfig /*config*/) override {}
  void fail_accepted() override {}
  void reject(int /*status*/) override {}

 private:
  bool on_sip_event(const sip::CallEvent& event) override;
  void on_session_end() override;
  void on_answer(const sip::CallEvent& event);
  void fail_transport(const std::string& message);
  void limit_ringing();
  [[nodiscard]] std::shared_ptr<OutboundLeg> own();

  std::optional<media::MediaSockets> sockets_;
  sip::MediaOffer offer_;
  LiveModel* session_ = nullptr;
  boost::asio::steady_timer linger_;
  boost::asio::steady_timer ringing_;  ///< How long yet.
  bool rang_ = false;
  bool answered_ = false;
  bool bound_ = false;  ///< The Call-ID is known.
  bool failed_ = false;
};

}  // namespace offhook::sim
