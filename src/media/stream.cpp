#include <algorithm>
#include <utility>
#include <vector>

#include "media/dtmf.hpp"
#include "media/stream_handle.hpp"

namespace offhook::media {
namespace {

/// A tone's duration is 16 bits of ticks; 1 s fits for every clock rate (RFC 4733 section 2.5.1.3).
constexpr std::chrono::milliseconds longest_tone{1'000};
constexpr std::chrono::milliseconds shortest_tone{40};

}  // namespace

Stream::Impl::Impl(std::shared_ptr<Engine::Impl> engine,
                   std::unique_ptr<MediaStream> stream,
                   StreamConfig config,
                   int local_family)
    : engine_{std::move(engine)},
      stream_{std::move(stream)},
      config_{std::move(config)},
      local_family_{local_family} {
  engine_->add(*stream_);
}

Stream::Impl::~Impl() { engine_->remove(*stream_); }

Result<> Stream::Impl::send_digits(std::string_view digits,
                                   std::chrono::milliseconds tone,
                                   std::chrono::milliseconds gap) {
  if (config_.telephone_event_type < 0) {
    return fail(Errc::unsupported, "digits: the peer did not negotiate telephone-event");
  }
  if (digits.size() > DtmfSender::queue_limit) {
    return fail(Errc::invalid_argument,
                "digits: at most " + std::to_string(DtmfSender::queue_limit) + " at a time");
  }
  std::vector<DtmfSender::Tone> tones;
  for (const char digit : digits) {
    const auto code = dtmf_code(digit);
    if (!code) {
      return fail(Errc::invalid_argument,
                  std::string{"digits: '"} + digit + "' is none of 0-9, *, #, A-D");
    }
    const auto tone_ms = std::clamp(tone, shortest_tone, longest_tone).count();
    const auto gap_ms = std::clamp(gap, std::chrono::milliseconds{0}, longest_tone).count();
    tones.push_back({.code = *code,
                     .tone_ms = static_cast<std::uint16_t>(tone_ms),
                     .gap_ms = static_cast<std::uint16_t>(gap_ms)});
  }
  engine_->send_digits(*stream_, std::move(tones));
  return {};
}

Result<> Stream::Impl::update(const StreamConfig& config) {
  auto setup = make_setup(config, &config_, local_family_);
  if (!setup) {
    return fail(std::move(setup).error());
  }
  engine_->update(*stream_, *std::move(setup));
  config_ = config;
  return {};
}

Stream::Stream(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

Result<> Stream::send_digits(std::string_view digits,
                             std::chrono::milliseconds tone_ms,
                             std::chrono::milliseconds gap_ms) {
  return impl_->send_digits(digits, tone_ms, gap_ms);
}

std::optional<StreamEvent> Stream::next_event() { return impl_->stream().next_event(); }

StreamStats Stream::stats() const { return impl_->stream().stats(); }

Result<> Stream::update(const StreamConfig& config) { return impl_->update(config); }

}  // namespace offhook::media
