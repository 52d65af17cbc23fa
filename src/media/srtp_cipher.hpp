#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/error.hpp"
#include "media/srtp_keys.hpp"

struct evp_cipher_ctx_st;
struct evp_mac_ctx_st;

namespace offhook::media {

/// Session keys of RTP or RTCP, derived from a master (RFC 3711 section 4.3).
struct SrtpSessionKeys {
  std::array<std::uint8_t, 16> cipher{};
  std::array<std::uint8_t, 20> authentication{};
  std::array<std::uint8_t, 14> salt{};
};

/// Which of the two sets of session keys; the values are the labels of the first of the three keys.
enum class SrtpPurpose : std::uint8_t { rtp = 0, rtcp = 3 };

/// Key derivation at rate 0: once, when the stream begins.
[[nodiscard]] Result<SrtpSessionKeys> derive_srtp_keys(const SrtpMaster& master,
                                                       SrtpPurpose purpose);

/// AES in counter mode and HMAC-SHA1 with one set of session keys, over OpenSSL's EVP contexts that
/// live as long as the stream.
class SrtpCipher {
 public:
  using Tag = std::array<std::uint8_t, 20>;

  [[nodiscard]] static Result<SrtpCipher> create(const SrtpMaster& master, SrtpPurpose purpose);

  /// Encrypts or decrypts in place: the same operation in counter mode.
  /// @param index  48-bit packet index of SRTP or 31-bit SRTCP index.
  /// @return false when the library failed.
  [[nodiscard]] bool apply(std::uint32_t ssrc,
                           std::uint64_t index,
                           std::span<std::uint8_t> bytes) noexcept;

  /// HMAC-SHA1 of `bytes`, all 20 bytes of it; the suite says how many go on the wire.
  [[nodiscard]] bool authenticate(std::span<const std::uint8_t> bytes, Tag& tag) noexcept;

 private:
  struct Release {
    void operator()(evp_cipher_ctx_st* context) const noexcept;
    void operator()(evp_mac_ctx_st* context) const noexcept;
  };
  SrtpCipher() = default;
  std::unique_ptr<evp_cipher_ctx_st, Release> cipher_;
  std::unique_ptr<evp_mac_ctx_st, Release> mac_;
  std::array<std::uint8_t, 14> salt_{};
};

/// Whether a received tag is right, in time that does not tell how much of it is.
[[nodiscard]] bool same_tag(std::span<const std::uint8_t> received,
                            const SrtpCipher::Tag& computed) noexcept;

}  // namespace offhook::media
