#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace offhook::media {

/// Which implementation of `JitterBuffer` a stream gets.
enum class JitterBufferKind : std::uint8_t {
  portable,  ///< Ours: plays what was sent as it was sent, no allocation, no library.
  neteq,     ///< WebRTC's: stretches time, so it follows the network closely. It allocates.
};

/// In every build, so that a call sounds the same with and without libtgowt.
inline constexpr JitterBufferKind default_jitter_buffer = JitterBufferKind::portable;

/// Whether `JitterBufferKind::neteq` is in this build.
[[nodiscard]] bool have_neteq() noexcept;

[[nodiscard]] constexpr std::string_view to_string(JitterBufferKind kind) noexcept {
  return kind == JitterBufferKind::neteq ? "neteq" : "portable";
}

/// The inverse of `to_string`.
[[nodiscard]] constexpr std::optional<JitterBufferKind> jitter_buffer_kind(
    std::string_view name) noexcept {
  for (const auto kind : {JitterBufferKind::portable, JitterBufferKind::neteq}) {
    if (name == to_string(kind)) {
      return kind;
    }
  }
  return std::nullopt;
}

}  // namespace offhook::media
