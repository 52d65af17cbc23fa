#include "media/adaptive_jitter_buffer.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "media/opus_packet.hpp"

namespace offhook::media {
namespace {

constexpr std::int64_t ms = 1'000;  // in µs
constexpr std::int64_t frame_us = 20 * ms;
/// A frame is played on a 20 ms raster, so the delay of a talk spurt is random within one frame:
/// from half a frame below the target to half a frame above.
constexpr std::int64_t raster_us = frame_us / 2;
constexpr std::int64_t hysteresis_us = 5 * ms;
/// A transit that changes by more is no jitter: the timestamps jumped, or stood still in a pause.
constexpr std::int64_t discontinuity_us = 300 * ms;
constexpr int max_dry_concealed = 5;  // 100 ms; then silence
constexpr std::chrono::milliseconds longest_stall{1'000};
constexpr int max_gap_frames = 10;  // of lost packets; a longer gap is a pause
constexpr std::int64_t far_too_long_us = 100 * ms;
constexpr std::int64_t backlog_us = 500 * ms;  // thrown away at once
constexpr std::int32_t silence_level = 100;
constexpr double worth_a_frame = 0.03;     // of packets lost
constexpr std::uint32_t opus_frame = 960;  // ticks
constexpr int loudest_noise = -40;         // dBov; what is louder is no comfort

/// Fades from `frame` to `next` over their whole length: 40 ms of sound in 20 ms.
void fade_into(audio::Frame& frame, const audio::Frame& next) {
  const int size = std::min(frame.size, next.size);
  for (int i = 0; i < size; ++i) {
    const auto at = static_cast<std::size_t>(i);
    frame.storage[at] = static_cast<std::int16_t>(
        (frame.storage[at] * (size - i) + next.storage[at] * i) / std::max(size, 1));
  }
}

std::size_t capacity_for(bool fixed_size) { return fixed_size ? PacketStore::max_capacity : 32; }

}  // namespace

AdaptiveJitterBuffer::AdaptiveJitterBuffer(std::unique_ptr<audio::Decoder> decoder,
                                           const audio::CodecInfo& codec,
                                           int audio_rate_hz)
    : decoder_{std::move(decoder)},
      clock_hz_{codec.rtp_clock_hz},
      ticks_per_frame_{codec.ticks_per_frame()},
      bytes_are_ticks_{codec.id != audio::CodecId::opus},
      audio_rate_hz_{audio_rate_hz},
      store_{capacity_for(bytes_are_ticks_),
             bytes_are_ticks_ ? FrameAssembler::frame_bytes : audio::max_payload_bytes} {}

void AdaptiveJitterBuffer::restart() noexcept {
  store_.clear();
  assembler_.clear();
  settle_dry_frames();
  state_ = State::waiting;
  next_.reset();
  last_played_.reset();
  newest_.reset();
  noise_.reset();
  half_bytes_ = 0;
}

std::int64_t AdaptiveJitterBuffer::to_us(RtpTimestamp timestamp) const noexcept {
  return (reference_ticks_ + (timestamp - reference_)) * 1'000'000 / clock_hz_;
}

std::int64_t AdaptiveJitterBuffer::delay_us(RtpTimestamp timestamp,
                                            Clock::time_point now) const noexcept {
  const auto now_us =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  return now_us - to_us(timestamp) - estimator_.base_us();
}

bool AdaptiveJitterBuffer::copies_help() const noexcept {
  return since_copy_ < copy_memory && loss_ > worth_a_frame;
}

/// How much is to be held: also the packet behind a lost one, if that has a copy of it.
std::int64_t AdaptiveJitterBuffer::needed_us() const noexcept {
  const std::int64_t lateness = estimator_.lateness_us() + (copies_help() ? frame_us : 0);
  return std::clamp(lateness, std::int64_t{min_delay.count()} * ms - raster_us,
                    std::int64_t{max_delay.count()} * ms - raster_us);
}

int AdaptiveJitterBuffer::frames_until(RtpTimestamp timestamp) const noexcept {
  const auto ticks = static_cast<std::int32_t>(ticks_per_frame_);
  const std::int32_t shifted = timestamp - *next_ + ticks / 2;
  return (shifted >= 0 ? shifted : shifted - ticks + 1) / ticks;  // rounds to the nearest
}

bool AdaptiveJitterBuffer::next_is_here() const noexcept {
  return !store_.empty() && frames_until(store_.oldest().timestamp) == 0;
}

void AdaptiveJitterBuffer::insert(const RtpPacketView& packet, Clock::time_point arrival) noexcept {
  if (packet.payload.empty()) {
    ++stats_.discarded;
    return;
  }
  if (ssrc_ != packet.header.ssrc) {
    ssrc_ = packet.header.ssrc;
    restart();
    estimator_.clear();
  }
  learn_delay(packet.header, arrival);
  if (bytes_are_ticks_) {
    assembler_.push(packet.header, packet.payload,
                    [this](const RtpHeader& header, std::span<const std::uint8_t> piece) {
                      insert_frame(header, piece);
                    });
  } else {
    insert_opus(packet);
  }
}

void AdaptiveJitterBuffer::watch_losses(const RtpPacketView& packet) noexcept {
  const SequenceNumber sequence = packet.header.sequence;
  if (newest_ && !sequence.newer_than(*newest_)) {
    return;
  }
  const int missing = newest_ ? std::min(sequence - *newest_ - 1, max_gap_frames) : 0;
  constexpr double memory = 0.99;  // 100 packets
  for (int i = 0; i < missing; ++i) {
    loss_ = memory * loss_ + (1 - memory);
  }
  loss_ *= memory;
  newest_ = sequence;
  since_copy_ = decoder_->has_copy(packet.payload) ? 0 : std::min(since_copy_ + 1, copy_memory);
}

void AdaptiveJitterBuffer::insert_opus(const RtpPacketView& packet) noexcept {
  watch_losses(packet);
  const std::uint32_t duration = opus_duration(packet.payload);
  if (duration == opus_frame / 2) {
    join_halves(packet);
    return;
  }
  if (duration == 0 || duration % opus_frame != 0) {
    ++stats_.discarded;
    return;
  }
  insert_frame(packet.header, packet.payload);
  // The decoder keeps what is beyond 20 ms; an empty payload asks for it.
  RtpHeader rest = packet.header;
  rest.marker = false;
  for (std::uint32_t at = opus_frame; at < duration; at += opus_frame) {
    rest.timestamp = packet.header.timestamp + at;
    insert_frame(rest, {});
  }
}

void AdaptiveJitterBuffer::join_halves(const RtpPacketView& packet) noexcept {
  std::array<std::uint8_t, audio::max_payload_bytes> joined;
  const std::span<const std::uint8_t> first = std::span{half_payload_}.first(half_bytes_);
  const bool next = half_bytes_ > 0 && packet.header.timestamp == half_.timestamp + opus_frame / 2;
  const std::size_t length = next ? join_opus(first, packet.payload, joined) : 0;
  if (length > 0) {
    half_bytes_ = 0;
    insert_frame(half_, std::span{joined}.first(length));
    return;
  }
  stats_.discarded += half_bytes_ > 0 ? 1 : 0;
  half_ = packet.header;
  half_bytes_ = std::min(packet.payload.size(), half_payload_.size());
  std::copy_n(packet.payload.begin(), half_bytes_, half_payload_.begin());
}

void AdaptiveJitterBuffer::insert_comfort_noise(const RtpPacketView& packet,
                                                Clock::time_point /*arrival*/) noexcept {
  if (packet.payload.empty() || ssrc_ != packet.header.ssrc) {
    return;
  }
  noise_ = packet.header.sequence;
  const int level = std::min(-int{packet.payload[0] & 0x7f}, loudest_noise);
  noise_amplitude_ =
      static_cast<std::int32_t>(32'768 * std::sqrt(3.0) * std::pow(10, level / 20.0));
}

void AdaptiveJitterBuffer::learn_delay(const RtpHeader& header,
                                       Clock::time_point arrival) noexcept {
  const auto arrival_us =
      std::chrono::duration_cast<std::chrono::microseconds>(arrival.time_since_epoch()).count();
  if (estimator_.empty()) {
    reference_ticks_ = 0;
  } else {
    reference_ticks_ += header.timestamp - reference_;
  }
  reference_ = header.timestamp;
  after_long_gap_ |= !estimator_.empty() && arrival - last_arrival_ > longest_stall;
  last_arrival_ = arrival;
  const std::int64_t transit_us = arrival_us - to_us(header.timestamp);
  const std::int64_t step_us = transit_us - last_transit_us_;
  if (!estimator_.empty()) {
    const bool paused =
        header.marker && store_.empty() && dry_frames_ > 2 && step_us > 3 * frame_us;
    if (std::abs(step_us) > discontinuity_us || paused) {
      estimator_.shift(step_us);
      const bool backwards = next_ && frames_until(header.timestamp) < 0;
      if (step_us < 0 || backwards || !store_.empty()) {
        ++stats_.resets;
        restart();
      }
    }
  }
  last_transit_us_ = transit_us;
  estimator_.add(transit_us);
}

void AdaptiveJitterBuffer::insert_frame(const RtpHeader& header,
                                        std::span<const std::uint8_t> payload) noexcept {
  if (noise_ && header.sequence.newer_than(*noise_ + 1)) {
    noise_.reset();  // packets between are missing
  }
  if (next_ && frames_until(header.timestamp) < 0) {
    ++stats_.late;
    return;
  }
  if (store_.full()) {
    store_.remove_oldest();
    ++stats_.discarded;
    stats_.resets += state_ == State::playing ? 1 : 0;
    state_ = State::waiting;  // play on from what is left
  }
  if (!store_.insert(header, payload)) {
    ++stats_.discarded;
  }
}

void AdaptiveJitterBuffer::next_frame(audio::Frame& frame, Clock::time_point now) noexcept {
  ++since_adapted_;
  if (!seek(frame, now)) {
    return;
  }
  current_delay_us_ = delay_us(store_.oldest().timestamp, now);
  if (current_delay_us_ - needed_us() > backlog_us) {
    shed_backlog(now);
  }
  if (may_grow(current_delay_us_)) {
    decoder_->conceal({}, frame);
    since_adapted_ = 0;
    ++stats_.played;
    return;
  }
  play_oldest(frame);
  adapt(frame, current_delay_us_);
}

void AdaptiveJitterBuffer::shed_backlog(Clock::time_point now) noexcept {
  while (store_.size() > 1 && current_delay_us_ - needed_us() > frame_us) {
    store_.remove_oldest();
    ++stats_.discarded;
    current_delay_us_ = delay_us(store_.oldest().timestamp, now);
  }
  next_ = store_.oldest().timestamp;
  ++stats_.resets;
}

bool AdaptiveJitterBuffer::seek(audio::Frame& frame, Clock::time_point now) noexcept {
  if (state_ == State::waiting) {
    return begin_talk_spurt(frame, now);
  }
  if (store_.empty()) {
    run_dry(frame);
    return false;
  }
  // Frames that were made up while dry took the place of as many lost ones.
  const int gap = frames_until(store_.oldest().timestamp);
  int covered = std::min(gap, dry_frames_);
  if (copies_help() && gap == 1 && delay_us(store_.oldest().timestamp, now) < needed_us()) {
    covered = 0;  // the copy is played late: from now on the delay is long enough for copies
  }
  settle_dry_frames();
  next_ = *next_ + static_cast<std::uint32_t>(covered) * ticks_per_frame_;
  const int missing = gap - covered;
  if (missing <= 0) {
    return true;
  }
  if (missing > max_gap_frames || store_.oldest().marker) {
    state_ = State::waiting;
    return begin_talk_spurt(frame, now);
  }
  if (delay_us(*next_, now) < needed_us()) {
    run_dry(frame);  // it may still come: what we make up meanwhile lengthens the delay
    return false;
  }
  const bool recovered = decoder_->conceal(
      missing == 1 ? store_.payload(store_.oldest()) : std::span<const std::uint8_t>{}, frame);
  next_ = *next_ + ticks_per_frame_;
  ++stats_.played;
  stats_.concealed += recovered ? 0 : 1;
  track_level(frame);
  return false;
}

bool AdaptiveJitterBuffer::begin_talk_spurt(audio::Frame& frame, Clock::time_point now) noexcept {
  if (store_.empty() || delay_us(store_.oldest().timestamp, now) < needed_us()) {
    pause(frame);
    return false;
  }
  settle_dry_frames();
  noise_.reset();
  state_ = State::playing;
  next_ = store_.oldest().timestamp;
  excess_frames_ = 0;
  return true;
}

void AdaptiveJitterBuffer::pause(audio::Frame& frame) noexcept {
  frame.silence(audio_rate_hz_);
  quiet_ = true;
  if (!noise_ || noise_amplitude_ == 0) {
    return;
  }
  for (std::int16_t& sample : frame.samples()) {
    noise_state_ = noise_state_ * 1'664'525U + 1'013'904'223U;
    const auto centred = static_cast<std::int32_t>(noise_state_ >> 16) - 32'768;
    sample = static_cast<std::int16_t>(centred * noise_amplitude_ / 32'768);
  }
}

void AdaptiveJitterBuffer::run_dry(audio::Frame& frame) noexcept {
  ++dry_frames_;
  if (dry_frames_ <= max_dry_concealed && !noise_) {
    decoder_->conceal({}, frame);
    ++dry_concealed_;
    return;
  }
  pause(frame);
  state_ = State::waiting;
}

/// Decides what the frames made up while dry were. Packets lost or late: concealment. Nothing lost
/// and the timestamps went on, or a marked beginning, or longer than a stall: the sender had
/// paused.
void AdaptiveJitterBuffer::settle_dry_frames() noexcept {
  if (dry_concealed_ > 0 && !store_.empty()) {
    const PacketStore::Entry& entry = store_.oldest();
    const bool follows_noise = noise_ && entry.sequence == *noise_ + 1;
    const bool nothing_lost =
        follows_noise || (last_played_ && entry.sequence == *last_played_ + 1);
    const bool went_on = next_ && frames_until(entry.timestamp) > 0;
    if (!(nothing_lost && (went_on || entry.marker || after_long_gap_))) {
      stats_.concealed += static_cast<std::uint64_t>(dry_concealed_);
      stats_.played += static_cast<std::uint64_t>(dry_concealed_);
    }
  }
  dry_concealed_ = 0;
  dry_frames_ = 0;
  after_long_gap_ = false;
}

void AdaptiveJitterBuffer::play_oldest(audio::Frame& frame) noexcept {
  const PacketStore::Entry entry = store_.oldest();
  if (!decoder_->decode(store_.payload(entry), frame)) {
    ++stats_.discarded;
    ++stats_.concealed;
  }
  store_.remove_oldest();
  next_ = entry.timestamp + ticks_per_frame_;
  last_played_ = entry.sequence;
  ++stats_.played;
  track_level(frame);
}

/// Adding a frame ahead of need is only worth it where nobody hears it; running dry adds the rest.
bool AdaptiveJitterBuffer::may_grow(std::int64_t delay) const noexcept {
  return quiet_ && delay < needed_us() - (copies_help() ? 0 : hysteresis_us) &&
         since_adapted_ > 10 && !store_.full();
}

/// Plays a second frame into `frame` when the delay has been too long.
void AdaptiveJitterBuffer::adapt(audio::Frame& frame, std::int64_t delay) noexcept {
  const std::int64_t excess_us = delay - needed_us() - frame_us - hysteresis_us;
  if (excess_us <= 0) {
    excess_frames_ = 0;
    return;
  }
  ++excess_frames_;
  const bool now = (quiet_ && since_adapted_ > 5) ||
                   (excess_us > far_too_long_us && since_adapted_ > 5) ||
                   (excess_frames_ > 50 && since_adapted_ > 25);
  if (!now || !next_is_here()) {
    return;
  }
  play_oldest(scratch_);
  --stats_.played;
  fade_into(frame, scratch_);
  since_adapted_ = 0;
}

void AdaptiveJitterBuffer::track_level(const audio::Frame& frame) noexcept {
  std::int64_t sum = 0;
  for (const std::int16_t sample : frame.samples()) {
    sum += std::abs(int{sample});
  }
  const auto magnitude = static_cast<std::int32_t>(sum / std::max<std::int64_t>(frame.size, 1));
  quiet_ = magnitude < std::max(silence_level, level_ / 6);
  level_ += (magnitude - level_) / 32;
}

JitterBufferStats AdaptiveJitterBuffer::stats() const noexcept {
  JitterBufferStats stats = stats_;
  stats.delay_ms = static_cast<double>(std::max<std::int64_t>(current_delay_us_, 0)) / 1'000;
  stats.target_ms = static_cast<double>(needed_us() + raster_us) / 1'000;
  return stats;
}

}  // namespace offhook::media
