#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace offhook::media {

/// Which implementation of `JitterBuffer` a stream gets.
enum class JitterBufferKind : std::uint8_t {
  automatic,  ///< The default: portable, which plays what was sent and adds the least delay.
  neteq,      ///< WebRTC's: stretches time, so it follows the network closely. It allocates.
  portable,   ///< Ours: whole frames, no allocation, no library.
};

/// Whether `JitterBufferKind::neteq` is in this build.
[[nodiscard]] bool have_neteq() noexcept;

/// Replaces `automatic` by what it stands for.
[[nodiscard]] inline JitterBufferKind resolve(JitterBufferKind kind) noexcept {
  return kind == JitterBufferKind::automatic ? JitterBufferKind::portable : kind;
}

[[nodiscard]] constexpr std::string_view to_string(JitterBufferKind kind) noexcept {
  switch (kind) {
    case JitterBufferKind::neteq: return "neteq";
    case JitterBufferKind::portable: return "portable";
    case JitterBufferKind::automatic: break;
  }
  return "automatic";
}

/// The inverse of `to_string`.
[[nodiscard]] constexpr std::optional<JitterBufferKind> jitter_buffer_kind(
    std::string_view name) noexcept {
  for (const auto kind :
       {JitterBufferKind::automatic, JitterBufferKind::neteq, JitterBufferKind::portable}) {
    if (name == to_string(kind)) {
      return kind;
    }
  }
  return std::nullopt;
}

}  // namespace offhook::media
