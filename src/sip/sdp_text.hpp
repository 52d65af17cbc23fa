#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "sip/sdp.hpp"

namespace offhook::sip {

/// a=name:value; `value` is empty for a flag.
struct SdpAttribute {
  std::string_view name;
  std::string_view value;
};

/// One m= line and what belongs to it.
struct SdpStream {
  std::string_view kind;  ///< "audio", "video", …
  std::uint16_t port = 0;
  std::string_view protocol;  ///< "RTP/AVP", …
  std::vector<std::string_view> formats;
  std::string_view address{};  ///< c= of its own, else the session's. Empty: neither.
  std::vector<SdpAttribute> attributes;

  [[nodiscard]] std::optional<std::string_view> attribute(std::string_view name) const;
};

/// A session description (RFC 8866) as far as audio needs it. Refers to the text it was read from.
struct SdpText {
  std::string_view origin_id{};       ///< Second field of o=.
  std::string_view origin_version{};  ///< Third field of o=.
  std::string_view address{};
  std::vector<SdpAttribute> attributes;
  std::vector<SdpStream> streams;

  [[nodiscard]] std::optional<std::string_view> attribute(std::string_view name) const;
};

/// Reads any text; unknown lines are skipped. @return `malformed_message` with the reason.
[[nodiscard]] Result<SdpText> parse_sdp(std::string_view text);

/// The codecs of a stream in its own order: a=rtpmap, a=fmtp, and RFC 3551 for static payload types
/// that have neither. Payload types that nothing explains are left out.
[[nodiscard]] std::vector<SdpCodec> codecs_of(const SdpStream& stream);

/// What the sender of `session` does with `stream`: a=sendonly and its kin, of the stream or else
/// of the session; and the older way to hold, c=0.0.0.0.
[[nodiscard]] MediaDirection direction_of(const SdpText& session, const SdpStream& stream);
[[nodiscard]] MediaDirection mirrored(MediaDirection direction) noexcept;

[[nodiscard]] bool same_codec(const SdpCodec& a, const SdpCodec& b) noexcept;
[[nodiscard]] bool is_telephone_event(const SdpCodec& codec) noexcept;
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// The next field of `rest` up to a space, which is taken off.
[[nodiscard]] std::string_view next_field(std::string_view& rest) noexcept;

/// @return nothing unless all of `text` is a decimal number up to `limit`.
[[nodiscard]] std::optional<std::uint32_t> to_number(std::string_view text, std::uint32_t limit);

}  // namespace offhook::sip
