#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <boost/asio/steady_timer.hpp>

#include "sim/session_leg.hpp"

namespace offhook::sim {

/// An INVITE whose SDP was answered in mind, with the sockets for its media.
struct OfferedCall {
  sip::Call call;
  media::MediaSockets sockets;
  sip::MediaCapabilities capabilities;
  sip::MediaAnswer answer;
  audio::CodecId codec = audio::CodecId::pcmu;
};

/// One call from INVITE to BYE, taken by Realtime or by Live. Control thread.
///
///     pending ─ accept ─► answered ─ BYE, hangup, time limit ─► over
///        └─ reject, CANCEL, deadline ──────────────────────────►
class CallLeg final : public SessionLeg {
 public:
  CallLeg(LegContext context, LegIdentity identity, OfferedCall offered);

  /// Waits for the decision from now on.
  void start();

  [[nodiscard]] audio::CodecId codec() const override { return codec_; }
  [[nodiscard]] bool secure() const override {
    return answer_.media.profile == sip::SdpProfile::savp;
  }
  void describe(boost::json::object& call) const override;
  void accept(SessionConfig config) override;
  void accept_live(LiveConfig config) override;
  void reject(int status) override;
  void fail_accepted() override;

 private:
  bool on_sip_event(const sip::CallEvent& event) override;
  void say_goodbye() override;
  /// A final response, unless the caller is to get none.
  void refuse_caller(int status);
  [[nodiscard]] std::shared_ptr<CallLeg> own();
  /// The caller gets no final response: it is forgotten once it must have given up.
  void leave_waiting();
  void await_decision();
  void decided(std::string_view model);
  void ring(Ringing when);
  [[nodiscard]] std::unique_ptr<CallModel> converse(SessionConfig config);
  [[nodiscard]] std::unique_ptr<CallModel> replay(const SessionConfig& config);
  void answer_in_time();
  void answer();

  audio::CodecId codec_;
  std::optional<media::MediaSockets> sockets_;
  sip::MediaCapabilities capabilities_;
  sip::MediaAnswer answer_;
  boost::asio::steady_timer deadline_;
  boost::asio::steady_timer patience_;  ///< Of a caller who waits in vain.
  bool decided_ = false;
  bool nobody_there_ = false;  ///< Quirk: no answer goes out, because the caller has given up
                               ///< without our knowledge, or waits in vain.
};

}  // namespace offhook::sim
