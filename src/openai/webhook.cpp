#include "openai/webhook.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/base64.hpp"

namespace offhook::openai {
namespace {

constexpr std::int64_t tolerance_s = 300;
constexpr std::string_view secret_prefix = "whsec_";
constexpr std::string_view signature_prefix = "v1,";

/// The HMAC key, or nothing when the secret cannot be one. An empty key would let anybody sign.
std::optional<std::vector<std::uint8_t>> key_of(const Secret& secret) {
  std::string_view text = secret.reveal();
  std::optional<std::vector<std::uint8_t>> key;
  if (text.starts_with(secret_prefix)) {
    key = base64_decode(text.substr(secret_prefix.size()));
  } else {
    key.emplace(text.begin(), text.end());
  }
  return key && !key->empty() ? key : std::nullopt;
}

std::string signature_of(const std::vector<std::uint8_t>& key,
                         std::string_view id,
                         std::string_view timestamp,
                         std::string_view body) {
  std::string content;
  content.reserve(id.size() + timestamp.size() + body.size() + 2);
  content.append(id).append(".").append(timestamp).append(".").append(body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest.data(),
       &length);
  return base64_encode(std::span{digest}.first(length));
}

/// Whether one of the space-separated signatures is `expected`. Looks at all of them, so that the
/// time taken tells nothing but how long the header is.
bool any_matches(std::string_view signatures, std::string_view expected) noexcept {
  bool matched = false;
  while (!signatures.empty()) {
    std::string_view candidate = signatures.substr(0, signatures.find(' '));
    signatures.remove_prefix(std::min(signatures.size(), candidate.size() + 1));
    if (!candidate.starts_with(signature_prefix)) {
      continue;
    }
    candidate.remove_prefix(signature_prefix.size());
    if (candidate.size() == expected.size()) {
      const int difference = CRYPTO_memcmp(candidate.data(), expected.data(), expected.size());
      matched = (difference == 0) || matched;
    }
  }
  return matched;
}

std::optional<std::int64_t> seconds_in(std::string_view text) noexcept {
  std::int64_t seconds = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (failure != std::errc{} || end != text.data() + text.size() || text.front() == '-') {
    return std::nullopt;
  }
  return seconds;
}

}  // namespace

std::string_view to_string(WebhookRefusal reason) noexcept {
  switch (reason) {
    case WebhookRefusal::missing_header:
      return "webhook-id, webhook-timestamp or webhook-signature is missing";
    case WebhookRefusal::bad_timestamp: return "webhook-timestamp is not a number of seconds";
    case WebhookRefusal::too_old: return "webhook-timestamp is more than 300 s old";
    case WebhookRefusal::too_new: return "webhook-timestamp is more than 300 s ahead of our clock";
    case WebhookRefusal::wrong_signature: return "the signature fits none of the webhook secrets";
    case WebhookRefusal::malformed_body: return "the body is signed, but no JSON event";
  }
  return "unknown reason";
}

Result<> check_webhook_secret(const Secret& secret) {
  if (secret.empty()) {
    return fail(Errc::invalid_argument, "the webhook secret is empty");
  }
  if (!key_of(secret)) {
    return fail(Errc::invalid_argument,
                "the webhook secret is not base64 behind \"whsec_\"; copy it again, whole");
  }
  return {};
}

std::optional<WebhookRefusal> refuse_webhook(const std::vector<Secret>& secrets,
                                             WebhookHeaders headers,
                                             std::string_view raw_body,
                                             std::int64_t now) {
  if (headers.id.empty() || headers.timestamp.empty() || headers.signature.empty()) {
    return WebhookRefusal::missing_header;
  }
  const auto sent = seconds_in(headers.timestamp);
  if (!sent) {
    return WebhookRefusal::bad_timestamp;
  }
  if (*sent < now - tolerance_s) {
    return WebhookRefusal::too_old;
  }
  if (*sent > now + tolerance_s) {
    return WebhookRefusal::too_new;
  }
  return is_signed(secrets, headers, raw_body) ? std::nullopt
                                               : std::optional{WebhookRefusal::wrong_signature};
}

bool is_signed(const std::vector<Secret>& secrets,
               WebhookHeaders headers,
               std::string_view raw_body) {
  bool matched = false;
  for (const Secret& secret : secrets) {
    // One HMAC per secret, however many signatures the header lists.
    if (const auto key = key_of(secret)) {
      const auto expected = signature_of(*key, headers.id, headers.timestamp, raw_body);
      matched = any_matches(headers.signature, expected) || matched;
    }
  }
  return matched;
}

Result<> verify_webhook(const std::vector<Secret>& secrets,
                        WebhookHeaders headers,
                        std::string_view raw_body,
                        std::int64_t now) {
  if (const auto reason = refuse_webhook(secrets, headers, raw_body, now)) {
    return fail(Errc::authentication_failed, std::string{to_string(*reason)});
  }
  return {};
}

std::string sign_webhook(const Secret& secret,
                         std::string_view id,
                         std::string_view timestamp,
                         std::string_view raw_body) {
  const auto key = key_of(secret);
  if (!key) {
    return {};
  }
  return std::string{signature_prefix} + signature_of(*key, id, timestamp, raw_body);
}

SeenDeliveries::SeenDeliveries(std::size_t limit, std::chrono::seconds keep)
    : limit_{limit}, keep_{keep} {}

bool SeenDeliveries::first_time(const std::string& id, TimePoint now) {
  while (!oldest_first_.empty() && now - oldest_first_.front().came > keep_) {
    forget_oldest();
  }
  const std::size_t hashed = std::hash<std::string>{}(id);
  if (!seen_.insert(hashed).second) {
    return false;
  }
  oldest_first_.push_back({hashed, now});
  if (oldest_first_.size() > limit_) {
    forget_oldest();
  }
  return true;
}

void SeenDeliveries::forget_oldest() {
  seen_.erase(oldest_first_.front().id);
  oldest_first_.pop_front();
}

}  // namespace offhook::openai
