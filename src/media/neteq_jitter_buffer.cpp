#include "media/neteq_jitter_buffer.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include <api/audio/audio_frame.h>
#include <api/audio_codecs/audio_decoder_factory_template.h>
#include <api/audio_codecs/g711/audio_decoder_g711.h>
#include <api/audio_codecs/g722/audio_decoder_g722.h>
#include <api/audio_codecs/opus/audio_decoder_opus.h>
#include <api/neteq/custom_neteq_factory.h>
#include <api/neteq/neteq.h>
#include <api/rtp_headers.h>
#include <rtc_base/logging.h>
#include <system_wrappers/include/clock.h>

#include "audio/resampler.hpp"
#include "media/neteq_controller.hpp"
#include "media/opus_packet.hpp"

namespace offhook::media {
namespace {

/// NetEQ's own numbers, whatever was negotiated: a re-INVITE may change the type, not the codec.
constexpr int audio_type = 96;
constexpr int noise_type = 13;
constexpr int packets_in_buffer = 200;
constexpr std::size_t max_payload = 1'500;
/// A backlog beyond this is thrown away at once: squeezing it out would take half a minute.
constexpr std::uint64_t max_backlog_ms = 1'500;
constexpr int max_reordering_ms = 1'000;
constexpr int less_ms = 15;
constexpr int discontinuity_ms = 2'000;

int native_rate(audio::CodecId id) {
  switch (id) {
    case audio::CodecId::opus: return 48'000;
    case audio::CodecId::g722: return 16'000;
    case audio::CodecId::pcmu:
    case audio::CodecId::pcma: break;
  }
  return 8'000;
}

std::unique_ptr<webrtc::NetEq> make_neteq(const audio::CodecInfo& codec, webrtc::Clock& clock) {
  webrtc::NetEq::Config config;
  config.sample_rate_hz = native_rate(codec.id);
  config.max_packets_in_buffer = packets_in_buffer;
  config.enable_muted_state = true;
  // Not the built-in factory: Debian's has no Opus and ends the process.
  webrtc::CustomNetEqFactory factory{std::make_unique<CloserControllerFactory>(less_ms)};
  auto neteq = factory.CreateNetEq(
      config,
      webrtc::CreateAudioDecoderFactory<webrtc::AudioDecoderOpus, webrtc::AudioDecoderG711,
                                        webrtc::AudioDecoderG722>(),
      &clock);
  const webrtc::SdpAudioFormat format{std::string{codec.sdp_name}, codec.rtp_clock_hz,
                                      static_cast<std::size_t>(codec.sdp_channels)};
  if (!neteq || !neteq->RegisterPayloadType(audio_type, format)) {
    return nullptr;
  }
  if (codec.id == audio::CodecId::pcmu || codec.id == audio::CodecId::pcma) {
    neteq->RegisterPayloadType(noise_type, webrtc::SdpAudioFormat{"CN", 8'000, 1});
  }
  neteq->SetMinimumDelay(0);
  return neteq;
}

class NetEqJitterBuffer final : public JitterBuffer {
 public:
  NetEqJitterBuffer(const audio::CodecInfo& codec,
                    int audio_rate_hz,
                    std::unique_ptr<webrtc::SimulatedClock> clock,
                    std::unique_ptr<webrtc::NetEq> neteq,
                    std::optional<audio::Resampler> resampler)
      : codec_{codec},
        native_rate_hz_{native_rate(codec.id)},
        audio_rate_hz_{audio_rate_hz},
        clock_{std::move(clock)},
        neteq_{std::move(neteq)},
        resampler_{std::move(resampler)} {}

  void insert(const RtpPacketView& packet, Clock::time_point arrival) noexcept override {
    if (!payload_is_sound(packet.payload)) {
      ++discarded_;
      return;
    }
    follow_stream(packet.header, arrival);
    hand_over(packet, audio_type, arrival);
  }

  void insert_comfort_noise(const RtpPacketView& packet,
                            Clock::time_point arrival) noexcept override {
    // RFC 3389: one byte of level, then reflection coefficients; ours are 8 kHz codecs only.
    if (native_rate_hz_ != 8'000 || packet.payload.empty() || packet.payload.size() > 13) {
      return;
    }
    follow_stream(packet.header, arrival);
    hand_over(packet, noise_type, arrival);
  }

  void next_frame(audio::Frame& frame, Clock::time_point now) noexcept override {
    advance_clock(now);
    shed_backlog();
    native_.silence(native_rate_hz_);
    const bool first = next_10_ms(0);
    const bool second = next_10_ms(native_.size / 2U);
    if (first || second) {
      ++played_;
    }
    frame.silence(audio_rate_hz_);
    if (resampler_) {
      resampler_->process(native_.samples(), frame.samples());
    } else {
      std::ranges::copy(native_.samples(), frame.storage.begin());
    }
  }

  [[nodiscard]] JitterBufferStats stats() const noexcept override {
    const webrtc::NetEqLifetimeStatistics lifetime = neteq_->GetLifetimeStatistics();
    const auto samples_per_frame = static_cast<std::uint64_t>(native_rate_hz_) / 50;
    // Up to the last packet: whether what follows is a pause is known with the next one.
    const std::uint64_t made_up = made_up_at_insert_ - std::min(forgiven_, made_up_at_insert_);
    return {.played = played_,
            .concealed = (made_up + samples_per_frame / 2) / samples_per_frame,
            .late = lifetime.packets_discarded - std::min(thrown_out_, lifetime.packets_discarded),
            .discarded = discarded_ + thrown_out_,
            .resets = resets_,
            .delay_ms = static_cast<double>(neteq_->FilteredCurrentDelayMs()),
            .target_ms = static_cast<double>(neteq_->TargetDelayMs())};
  }

 private:
  [[nodiscard]] bool payload_is_sound(std::span<const std::uint8_t> payload) const noexcept {
    if (payload.empty() || payload.size() > max_payload) {
      return false;
    }
    return codec_.id != audio::CodecId::opus || opus_duration(payload) > 0;
  }

  void advance_clock(Clock::time_point now) noexcept {
    if (last_time_ && now > *last_time_) {
      clock_->AdvanceTimeMicroseconds(
          std::chrono::duration_cast<std::chrono::microseconds>(now - *last_time_).count());
    }
    last_time_ = last_time_ ? std::max(*last_time_, now) : now;
  }

  /// NetEQ takes a timestamp that goes back for a late packet, and waits for one far ahead.
  void follow_stream(const RtpHeader& header, Clock::time_point arrival) noexcept {
    if (newest_ && newest_->ssrc == header.ssrc) {
      const std::int64_t step_ms =
          std::int64_t{header.timestamp - newest_->timestamp} * 1'000 / codec_.rtp_clock_hz;
      const auto waited_ms =
          std::chrono::duration_cast<std::chrono::milliseconds>(arrival - newest_arrival_).count();
      if (step_ms < -max_reordering_ms || step_ms - waited_ms > discontinuity_ms) {
        restart();
      } else if (step_ms <= 0) {
        return;
      }
      forgive_pause(header, step_ms, waited_ms);
    } else if (newest_) {
      throw_out_all();  // another source, which is no trouble
    }
    newest_ = header;
    newest_arrival_ = arrival;
  }

  void restart() noexcept {
    throw_out_all();
    ++resets_;
  }

  void throw_out_all() noexcept {
    const std::uint64_t before = neteq_->GetLifetimeStatistics().packets_discarded;
    neteq_->FlushBuffers();
    thrown_out_ += neteq_->GetLifetimeStatistics().packets_discarded - before;
  }

  /// Nothing was lost, and the timestamps went on by more than the packet, or a talk spurt is
  /// marked, or it took too long for a stall: what NetEQ made up meanwhile was the sender's pause.
  void forgive_pause(const RtpHeader& header,
                     std::int64_t step_ms,
                     std::int64_t waited_ms) noexcept {
    const std::uint64_t made_up = made_up_samples();
    const bool nothing_lost = header.sequence == newest_->sequence + 1;
    if (nothing_lost &&
        (header.marker || step_ms > longest_packet_ms || waited_ms > longest_stall_ms)) {
      forgiven_ += made_up - made_up_at_insert_;
    }
  }

  void hand_over(const RtpPacketView& packet, int type, Clock::time_point arrival) noexcept {
    advance_clock(arrival);
    webrtc::RTPHeader header;
    header.markerBit = packet.header.marker;
    header.payloadType = static_cast<std::uint8_t>(type);
    header.sequenceNumber = packet.header.sequence.value();
    header.timestamp = packet.header.timestamp.value();
    header.ssrc = packet.header.ssrc;
    if (neteq_->InsertPacket(header, {packet.payload.data(), packet.payload.size()}) !=
        webrtc::NetEq::kOK) {
      ++discarded_;
    }
    received_ = true;
    made_up_at_insert_ = made_up_samples();
    const std::uint64_t flushes = neteq_->GetOperationsAndState().packet_buffer_flushes;
    const std::uint64_t discarded = neteq_->GetLifetimeStatistics().packets_discarded;
    // A first packet empties NetEQ too, but throws nothing away.
    if (std::exchange(flushes_, flushes) < flushes && discarded > discarded_by_neteq_) {
      thrown_out_ += discarded - discarded_by_neteq_;
      ++resets_;
    }
    discarded_by_neteq_ = discarded;
  }

  void shed_backlog() noexcept {
    if (neteq_->GetOperationsAndState().current_buffer_size_ms > max_backlog_ms) {
      restart();
      discarded_by_neteq_ = neteq_->GetLifetimeStatistics().packets_discarded;
      flushes_ = neteq_->GetOperationsAndState().packet_buffer_flushes;
    }
  }

  /// @return false when this is silence because there is nothing to play.
  bool next_10_ms(std::size_t at) noexcept {
    bool muted = false;
    const int result = neteq_->GetAudio(&output_, &muted);
    const std::size_t expected = native_.size / 2U;
    const std::size_t channels = output_.num_channels();
    if (result != webrtc::NetEq::kOK || muted || output_.muted() || channels == 0 ||
        output_.samples_per_channel() != expected || !received_) {
      return false;
    }
    for (std::size_t i = 0; i < expected; ++i) {
      native_.storage[at + i] = output_.data()[i * channels];
    }
    return true;
  }

  [[nodiscard]] std::uint64_t made_up_samples() const noexcept {
    const webrtc::NetEqLifetimeStatistics lifetime = neteq_->GetLifetimeStatistics();
    return lifetime.concealed_samples -
           std::min(lifetime.silent_concealed_samples, lifetime.concealed_samples);
  }

  static constexpr int longest_packet_ms = 120;
  static constexpr int longest_stall_ms = 1'000;

  const audio::CodecInfo& codec_;
  int native_rate_hz_;
  int audio_rate_hz_;
  std::unique_ptr<webrtc::SimulatedClock> clock_;  ///< Follows the times that we are given.
  std::unique_ptr<webrtc::NetEq> neteq_;
  std::optional<audio::Resampler> resampler_;
  webrtc::AudioFrame output_{};
  audio::Frame native_{};

  std::optional<Clock::time_point> last_time_{};
  std::optional<RtpHeader> newest_{};
  Clock::time_point newest_arrival_{};
  bool received_ = false;
  std::uint64_t made_up_at_insert_ = 0;  ///< Samples.
  std::uint64_t forgiven_ = 0;           ///< Of those, in pauses.
  std::uint64_t played_ = 0;
  std::uint64_t discarded_ = 0;
  std::uint64_t thrown_out_ = 0;  ///< NetEQ counts these among its late ones.
  std::uint64_t discarded_by_neteq_ = 0;
  std::uint64_t flushes_ = 0;
  std::uint64_t resets_ = 0;
};

}  // namespace

Result<std::unique_ptr<JitterBuffer>> make_neteq_jitter_buffer(const audio::CodecInfo& codec,
                                                               int audio_rate_hz) {
  rtc::LogMessage::LogToDebug(rtc::LS_NONE);
  const int native = native_rate(codec.id);
  std::optional<audio::Resampler> resampler;
  if (native != audio_rate_hz) {
    auto made = audio::Resampler::create(native, audio_rate_hz);
    if (!made) {
      return fail(std::move(made).error());
    }
    resampler.emplace(*std::move(made));
  }
  constexpr std::int64_t anytime_us = 1'000'000;
  auto clock = std::make_unique<webrtc::SimulatedClock>(anytime_us);
  auto neteq = make_neteq(codec, *clock);
  if (!neteq) {
    return fail(Errc::internal, "NetEQ does not take " + std::string{codec.sdp_name});
  }
  return std::make_unique<NetEqJitterBuffer>(codec, audio_rate_hz, std::move(clock),
                                             std::move(neteq), std::move(resampler));
}

}  // namespace offhook::media
