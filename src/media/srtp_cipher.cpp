#include "media/srtp_cipher.hpp"

#include <algorithm>
#include <string>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

namespace offhook::media {
namespace {

constexpr std::size_t master_key_bytes = 16;
constexpr std::size_t salt_bytes = 14;
using Block = std::array<std::uint8_t, 16>;

void xor_big_endian(Block& block, std::size_t end, std::uint64_t value) {
  for (std::size_t i = end; value != 0; value >>= 8) {
    block[--i] ^= static_cast<std::uint8_t>(value);
  }
}

/// Sets the counter block and runs the key stream over `bytes`.
bool run_counter_mode(EVP_CIPHER_CTX* context,
                      const Block& counter,
                      std::span<std::uint8_t> bytes) noexcept {
  int written = 0;
  return EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, counter.data()) == 1 &&
         EVP_EncryptUpdate(context, bytes.data(), &written, bytes.data(),
                           static_cast<int>(bytes.size())) == 1;
}

EVP_CIPHER_CTX* new_counter_mode(const std::uint8_t* key) {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  if (context != nullptr &&
      EVP_EncryptInit_ex(context, EVP_aes_128_ctr(), nullptr, key, nullptr) != 1) {
    EVP_CIPHER_CTX_free(context);
    return nullptr;
  }
  return context;
}

EVP_MAC_CTX* new_hmac_sha1(std::span<const std::uint8_t> key) {
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
  EVP_MAC_CTX* context = mac != nullptr ? EVP_MAC_CTX_new(mac) : nullptr;
  EVP_MAC_free(mac);  // the context keeps its own reference
  std::string digest = "SHA1";
  const std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  if (context != nullptr && EVP_MAC_init(context, key.data(), key.size(), parameters.data()) != 1) {
    EVP_MAC_CTX_free(context);
    return nullptr;
  }
  return context;
}

tl::unexpected<Error> crypto_failure() {
  return fail(Errc::internal, "SRTP: OpenSSL offers no AES-128-CTR or no HMAC-SHA1");
}

}  // namespace

void SrtpCipher::Release::operator()(evp_cipher_ctx_st* context) const noexcept {
  EVP_CIPHER_CTX_free(context);
}

void SrtpCipher::Release::operator()(evp_mac_ctx_st* context) const noexcept {
  EVP_MAC_CTX_free(context);
}

Result<SrtpSessionKeys> derive_srtp_keys(const SrtpMaster& master, SrtpPurpose purpose) {
  EVP_CIPHER_CTX* context = new_counter_mode(master.data());
  if (context == nullptr) {
    return crypto_failure();
  }
  SrtpSessionKeys keys;
  bool good = true;
  std::uint8_t label = static_cast<std::uint8_t>(purpose);
  for (const std::span<std::uint8_t> key :
       {std::span<std::uint8_t>{keys.cipher}, std::span<std::uint8_t>{keys.authentication},
        std::span<std::uint8_t>{keys.salt}}) {
    Block counter{};
    std::copy_n(master.begin() + master_key_bytes, salt_bytes, counter.begin());
    counter[7] ^= label++;  // label * 2^48, counted from the end of the 14-byte salt
    std::ranges::fill(key, std::uint8_t{0});
    good = run_counter_mode(context, counter, key) && good;
  }
  EVP_CIPHER_CTX_free(context);
  if (!good) {
    return crypto_failure();
  }
  return keys;
}

Result<SrtpCipher> SrtpCipher::create(const SrtpMaster& master, SrtpPurpose purpose) {
  auto keys = derive_srtp_keys(master, purpose);
  if (!keys) {
    return fail(std::move(keys).error());
  }
  SrtpCipher cipher;
  cipher.cipher_.reset(new_counter_mode(keys->cipher.data()));
  cipher.mac_.reset(new_hmac_sha1(keys->authentication));
  cipher.salt_ = keys->salt;
  OPENSSL_cleanse(&*keys, sizeof(SrtpSessionKeys));
  if (!cipher.cipher_ || !cipher.mac_) {
    return crypto_failure();
  }
  return cipher;
}

bool SrtpCipher::apply(std::uint32_t ssrc,
                       std::uint64_t index,
                       std::span<std::uint8_t> bytes) noexcept {
  // RFC 3711 section 4.1.1: salt * 2^16 xor SSRC * 2^64 xor index * 2^16.
  Block counter{};
  std::ranges::copy(salt_, counter.begin());
  xor_big_endian(counter, 8, ssrc);
  xor_big_endian(counter, 14, index);
  return run_counter_mode(cipher_.get(), counter, bytes);
}

bool SrtpCipher::authenticate(std::span<const std::uint8_t> bytes, Tag& tag) noexcept {
  std::size_t written = 0;
  return EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) == 1 &&
         EVP_MAC_update(mac_.get(), bytes.data(), bytes.size()) == 1 &&
         EVP_MAC_final(mac_.get(), tag.data(), &written, tag.size()) == 1 && written == tag.size();
}

bool same_tag(std::span<const std::uint8_t> received, const SrtpCipher::Tag& computed) noexcept {
  return received.size() <= computed.size() &&
         CRYPTO_memcmp(received.data(), computed.data(), received.size()) == 0;
}

}  // namespace offhook::media
