#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include <api/neteq/default_neteq_controller_factory.h>
#include <api/neteq/neteq_controller.h>
#include <api/neteq/neteq_controller_factory.h>

namespace offhook::media {

/// WebRTC's controller, which is led to hold `less_ms` less than it would.
///
/// It keeps 15 to 35 ms beyond what jitter needs, for one who asks for 10 ms every 10 ms. We ask
/// for two times 10 ms every 20 ms, so a part of that is never of use. Only its decision is
/// touched: it sees a buffer that is fuller than it is.
class CloserController final : public webrtc::NetEqController {
 public:
  CloserController(std::unique_ptr<webrtc::NetEqController> inner, int less_ms)
      : inner_{std::move(inner)}, less_ms_{less_ms} {}

  webrtc::NetEq::Operation GetDecision(const NetEqStatus& status, bool* reset_decoder) override {
    NetEqStatus fuller = status;
    fuller.packet_buffer_info.span_samples += static_cast<std::size_t>(less_samples_);
    return inner_->GetDecision(fuller, reset_decoder);
  }
  void SetSampleRate(int fs_hz, std::size_t output_size_samples) override {
    less_samples_ = less_ms_ * (fs_hz / 1'000);
    inner_->SetSampleRate(fs_hz, output_size_samples);
  }
  int GetFilteredBufferLevel() const override {
    return inner_->GetFilteredBufferLevel() - less_samples_;
  }

  void Reset() override { inner_->Reset(); }
  void SoftReset() override { inner_->SoftReset(); }
  void RegisterEmptyPacket() override { inner_->RegisterEmptyPacket(); }
  bool SetMaximumDelay(int delay_ms) override { return inner_->SetMaximumDelay(delay_ms); }
  bool SetMinimumDelay(int delay_ms) override { return inner_->SetMinimumDelay(delay_ms); }
  bool SetBaseMinimumDelay(int delay_ms) override { return inner_->SetBaseMinimumDelay(delay_ms); }
  int GetBaseMinimumDelay() const override { return inner_->GetBaseMinimumDelay(); }
  bool CngRfc3389On() const override { return inner_->CngRfc3389On(); }
  bool CngOff() const override { return inner_->CngOff(); }
  void SetCngOff() override { inner_->SetCngOff(); }
  void ExpandDecision(webrtc::NetEq::Operation operation) override {
    inner_->ExpandDecision(operation);
  }
  void AddSampleMemory(std::int32_t value) override { inner_->AddSampleMemory(value); }
  int TargetLevelMs() const override { return inner_->TargetLevelMs(); }
  int UnlimitedTargetLevelMs() const override { return inner_->UnlimitedTargetLevelMs(); }
  absl::optional<int> PacketArrived(int fs_hz,
                                    bool should_update_stats,
                                    const PacketArrivedInfo& info) override {
    return inner_->PacketArrived(fs_hz, should_update_stats, info);
  }
  void NotifyMutedState() override { inner_->NotifyMutedState(); }
  bool PeakFound() const override { return inner_->PeakFound(); }
  void set_sample_memory(std::int32_t value) override { inner_->set_sample_memory(value); }
  std::size_t noise_fast_forward() const override { return inner_->noise_fast_forward(); }
  std::size_t packet_length_samples() const override { return inner_->packet_length_samples(); }
  void set_packet_length_samples(std::size_t value) override {
    inner_->set_packet_length_samples(value);
  }
  void set_prev_time_scale(bool value) override { inner_->set_prev_time_scale(value); }

 private:
  std::unique_ptr<webrtc::NetEqController> inner_;
  int less_ms_;
  int less_samples_ = 0;
};

/// Makes them for NetEQ.
class CloserControllerFactory final : public webrtc::NetEqControllerFactory {
 public:
  explicit CloserControllerFactory(int less_ms) : less_ms_{less_ms} {}
  std::unique_ptr<webrtc::NetEqController> CreateNetEqController(
      const webrtc::NetEqController::Config& config) const override {
    return std::make_unique<CloserController>(inner_.CreateNetEqController(config), less_ms_);
  }

 private:
  webrtc::DefaultNetEqControllerFactory inner_{};
  int less_ms_;
};

}  // namespace offhook::media
