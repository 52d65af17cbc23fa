#include "media/srtp.hpp"

#include <algorithm>
#include <utility>

#include "media/byte_order.hpp"
#include "media/rtp_packet.hpp"

namespace offhook::media {
namespace {

constexpr std::size_t rtcp_tag_bytes = 10;         // both suites (RFC 4568 section 6.2)
constexpr std::size_t rtcp_clear_bytes = 8;        // header and SSRC stay readable
constexpr std::uint32_t encrypted_bit = 1U << 31;  // the E of SRTCP
constexpr std::uint64_t index_period = 1U << 16;

std::size_t tag_bytes_of(SrtpSuite suite) {
  return suite == SrtpSuite::aes_cm_128_hmac_sha1_80 ? 10 : 4;
}

/// The 48-bit index that a sequence number stands for: the one nearest to the highest so far
/// (RFC 3711 section 3.3.1). 3 after 65534 of round 0 is round 1; 65534 after 3 of round 1 is a
/// late packet of round 0.
std::uint64_t nearest_index(std::optional<std::uint64_t> highest, SequenceNumber sequence) {
  if (!highest) {
    return sequence.value();
  }
  const int step = sequence - SequenceNumber{static_cast<std::uint16_t>(*highest)};
  if (step < 0 && *highest < static_cast<std::uint64_t>(-step)) {
    return sequence.value();  // there is no round before the first
  }
  return *highest + static_cast<std::uint64_t>(static_cast<std::int64_t>(step));
}

/// Tag over packet and roll-over counter, which is written behind the packet for that.
bool compute_rtp_tag(SrtpCipher& cipher,
                     std::span<std::uint8_t> buffer,
                     std::size_t length,
                     std::uint64_t index,
                     SrtpCipher::Tag& tag) {
  store_u32(buffer.data() + length, static_cast<std::uint32_t>(index / index_period));
  return cipher.authenticate(buffer.first(length + 4), tag);
}

template <class T>
Result<T> failed(Result<SrtpCipher>& rtp, Result<SrtpCipher>& rtcp) {
  return fail(std::move(rtp ? rtcp : rtp).error());
}

}  // namespace

SrtpSender::SrtpSender(SrtpCipher rtp, SrtpCipher rtcp, std::size_t tag_bytes)
    : rtp_{std::move(rtp)}, rtcp_{std::move(rtcp)}, tag_bytes_{tag_bytes} {}

Result<SrtpSender> SrtpSender::create(SrtpSuite suite, const SrtpMaster& master) {
  auto rtp = SrtpCipher::create(master, SrtpPurpose::rtp);
  auto rtcp = SrtpCipher::create(master, SrtpPurpose::rtcp);
  if (!rtp || !rtcp) {
    return failed<SrtpSender>(rtp, rtcp);
  }
  return SrtpSender{*std::move(rtp), *std::move(rtcp), tag_bytes_of(suite)};
}

std::size_t SrtpSender::protect(std::span<std::uint8_t> buffer, std::size_t length) noexcept {
  if (length > buffer.size() || buffer.size() - length < srtp_trailer_bytes) {
    return 0;
  }
  const auto header_length = rtp_header_length(buffer.first(length));
  if (!header_length) {
    return 0;
  }
  const RtpHeader header = read_rtp_header(buffer);
  const std::uint64_t index = nearest_index(highest_index_, header.sequence);
  SrtpCipher::Tag tag{};
  if (!rtp_.apply(header.ssrc, index, buffer.subspan(*header_length, length - *header_length)) ||
      !compute_rtp_tag(rtp_, buffer, length, index, tag)) {
    return 0;
  }
  highest_index_ = std::max(index, highest_index_.value_or(0));
  std::copy_n(tag.begin(), tag_bytes_, buffer.begin() + static_cast<std::ptrdiff_t>(length));
  return length + tag_bytes_;
}

std::size_t SrtpSender::protect_rtcp(std::span<std::uint8_t> buffer, std::size_t length) noexcept {
  if (length < rtcp_clear_bytes || length > buffer.size() ||
      buffer.size() - length < srtp_trailer_bytes) {
    return 0;
  }
  rtcp_index_ = (rtcp_index_ + 1) & ~encrypted_bit;
  SrtpCipher::Tag tag{};
  const std::uint32_t ssrc = load_u32(buffer.data() + 4);
  if (!rtcp_.apply(ssrc, rtcp_index_,
                   buffer.subspan(rtcp_clear_bytes, length - rtcp_clear_bytes))) {
    return 0;
  }
  store_u32(buffer.data() + length, encrypted_bit | rtcp_index_);
  if (!rtcp_.authenticate(buffer.first(length + 4), tag)) {
    return 0;
  }
  std::copy_n(tag.begin(), rtcp_tag_bytes,
              buffer.begin() + static_cast<std::ptrdiff_t>(length + 4));
  return length + 4 + rtcp_tag_bytes;
}

SrtpReceiver::SrtpReceiver(SrtpCipher rtp, SrtpCipher rtcp, std::size_t tag_bytes)
    : rtp_{std::move(rtp)}, rtcp_{std::move(rtcp)}, tag_bytes_{tag_bytes} {}

Result<SrtpReceiver> SrtpReceiver::create(SrtpSuite suite, const SrtpMaster& master) {
  auto rtp = SrtpCipher::create(master, SrtpPurpose::rtp);
  auto rtcp = SrtpCipher::create(master, SrtpPurpose::rtcp);
  if (!rtp || !rtcp) {
    return failed<SrtpReceiver>(rtp, rtcp);
  }
  return SrtpReceiver{*std::move(rtp), *std::move(rtcp), tag_bytes_of(suite)};
}

SrtpReceiver::Source* SrtpReceiver::find(std::uint32_t ssrc) noexcept {
  for (Source& source : sources_) {
    if (source.in_use && source.ssrc == ssrc) {
      return &source;
    }
  }
  return nullptr;
}

SrtpReceiver::Source& SrtpReceiver::find_or_add(std::uint32_t ssrc) noexcept {
  if (Source* known = find(ssrc)) {
    return *known;
  }
  Source& source = sources_[next_source_];
  next_source_ = (next_source_ + 1) % source_limit;
  source = Source{.ssrc = ssrc, .in_use = true};
  return source;
}

SrtpReceiver::Outcome SrtpReceiver::unprotect(std::span<std::uint8_t> buffer,
                                              std::size_t length) noexcept {
  if (length < rtp_header_bytes + tag_bytes_ || length > buffer.size() ||
      buffer.size() - length < srtp_trailer_bytes) {
    return {};
  }
  const std::size_t plain_length = length - tag_bytes_;
  const auto header_length = rtp_header_length(buffer.first(plain_length));
  if (!header_length) {
    return {};
  }
  const RtpHeader header = read_rtp_header(buffer);
  const Source* known = find(header.ssrc);
  const std::uint64_t index =
      nearest_index(known != nullptr ? known->rtp.highest() : std::nullopt, header.sequence);
  std::array<std::uint8_t, 10> received{};
  std::copy_n(buffer.begin() + static_cast<std::ptrdiff_t>(plain_length), tag_bytes_,
              received.begin());
  SrtpCipher::Tag computed{};
  if (!compute_rtp_tag(rtp_, buffer, plain_length, index, computed) ||
      !same_tag(std::span{received}.first(tag_bytes_), computed)) {
    return {.verdict = SrtpVerdict::forged};
  }
  if (known != nullptr && known->rtp.seen(index)) {
    return {.verdict = SrtpVerdict::replayed};
  }
  find_or_add(header.ssrc).rtp.accept(index);
  if (!rtp_.apply(header.ssrc, index,
                  buffer.subspan(*header_length, plain_length - *header_length))) {
    return {};
  }
  return {.verdict = SrtpVerdict::accepted, .length = plain_length};
}

SrtpReceiver::Outcome SrtpReceiver::unprotect_rtcp(std::span<std::uint8_t> buffer,
                                                   std::size_t length) noexcept {
  if (length < rtcp_clear_bytes + 4 + rtcp_tag_bytes || length > buffer.size()) {
    return {};
  }
  const std::size_t signed_length = length - rtcp_tag_bytes;
  const std::size_t plain_length = signed_length - 4;
  SrtpCipher::Tag computed{};
  if (!rtcp_.authenticate(buffer.first(signed_length), computed) ||
      !same_tag(buffer.subspan(signed_length, rtcp_tag_bytes), computed)) {
    return {.verdict = SrtpVerdict::forged};
  }
  const std::uint32_t word = load_u32(buffer.data() + plain_length);
  const std::uint32_t index = word & ~encrypted_bit;
  const std::uint32_t ssrc = load_u32(buffer.data() + 4);
  Source& source = find_or_add(ssrc);
  if (source.rtcp.seen(index)) {
    return {.verdict = SrtpVerdict::replayed};
  }
  source.rtcp.accept(index);
  if ((word & encrypted_bit) != 0 &&
      !rtcp_.apply(ssrc, index,
                   buffer.subspan(rtcp_clear_bytes, plain_length - rtcp_clear_bytes))) {
    return {};
  }
  return {.verdict = SrtpVerdict::accepted, .length = plain_length};
}

}  // namespace offhook::media
