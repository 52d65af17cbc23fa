#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "sim/call_model.hpp"
#include "sim/replay/replay_session.hpp"
#include "sim/speaker.hpp"

namespace offhook::sim {

/// Answers a call with a recorded one: obeys a `ReplaySession`. The caller is not listened to: its
/// turns and keys come when they came in the recording. Control thread.
class ReplayModel final : public CallModel {
 public:
  /// @param speaker  Must outlive this.
  ReplayModel(ReplaySession session, Speaker& speaker, ModelHooks hooks);

  [[nodiscard]] std::vector<boost::json::object> greeting() override;
  void on_client_event(std::string_view text) override;
  void on_digit(char /*digit*/) override {}
  void on_digit_sent(char /*digit*/) override {}
  void on_call_end(CallEnd /*why*/) override {}
  void tick(Time now) override;

 private:
  void obey();
  void perform(const SendEvent& action);
  void perform(const PlayRecorded& action);
  void perform(const ClearPlayback& /*action*/) { speaker_.clear(); }
  void perform(const TellMark& action) { hooks_.mark(action.name, action.detail); }
  void perform(const EndCall& /*action*/) { hooks_.end_call(); }

  ReplaySession session_;
  Speaker& speaker_;
  ModelHooks hooks_;
};

}  // namespace offhook::sim
