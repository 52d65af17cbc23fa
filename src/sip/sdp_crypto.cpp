#include "sip/sdp_crypto.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/base64.hpp"
#include "base/random.hpp"

namespace offhook::sip {
namespace {

constexpr std::array<std::string_view, 2> suites{"AES_CM_128_HMAC_SHA1_80",
                                                 "AES_CM_128_HMAC_SHA1_32"};
constexpr std::string_view inline_method = "inline:";

/// RFC 4568 section 6.3: what is not understood must not be ignored, unless marked so with "-".
bool harmless(std::string_view parameter) {
  return parameter.starts_with("WSH=") || parameter.starts_with('-');
}

/// "inline:<key||salt>|2^31": a lifetime may follow the key, an identifier ("1:4") may not.
std::optional<std::string_view> key_of(std::string_view parameters) {
  if (!parameters.starts_with(inline_method) || parameters.find(';') != std::string_view::npos) {
    return std::nullopt;
  }
  parameters.remove_prefix(inline_method.size());
  const std::size_t bar = parameters.find('|');
  const std::string_view key = parameters.substr(0, bar);
  if (bar != std::string_view::npos && parameters.substr(bar).find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  return key;
}

}  // namespace

std::vector<SdpCrypto> make_crypto_offer() {
  std::vector<SdpCrypto> lines;
  for (const std::string_view suite : suites) {
    SdpCrypto line;
    line.tag = static_cast<int>(lines.size()) + 1;
    line.suite = suite;
    random_bytes(line.key);
    lines.push_back(std::move(line));
  }
  return lines;
}

SdpCrypto make_crypto_answer(const SdpCrypto& chosen) {
  SdpCrypto line;
  line.tag = chosen.tag;
  line.suite = chosen.suite;
  random_bytes(line.key);
  return line;
}

std::optional<SdpCrypto> parse_crypto(std::string_view value) {
  const auto tag = to_number(next_field(value), 999'999'999);
  const std::string_view suite = next_field(value);
  const auto key = key_of(next_field(value));
  if (!tag || !key || std::find(suites.begin(), suites.end(), suite) == suites.end()) {
    return std::nullopt;
  }
  while (!value.empty()) {
    if (!harmless(next_field(value))) {
      return std::nullopt;
    }
  }
  const auto bytes = base64_decode(*key);
  SdpCrypto crypto;
  if (!bytes || bytes->size() != crypto.key.size()) {
    return std::nullopt;
  }
  crypto.tag = static_cast<int>(*tag);
  crypto.suite = suite;
  std::copy(bytes->begin(), bytes->end(), crypto.key.begin());
  return crypto;
}

std::vector<SdpCrypto> cryptos_of(const SdpStream& stream) {
  std::vector<SdpCrypto> usable;
  for (const SdpAttribute& attribute : stream.attributes) {
    if (attribute.name != "crypto") {
      continue;
    }
    if (auto crypto = parse_crypto(attribute.value)) {
      usable.push_back(std::move(*crypto));
    }
  }
  return usable;
}

std::string to_text(const SdpCrypto& crypto) {
  return std::to_string(crypto.tag) + ' ' + crypto.suite + " inline:" + base64_encode(crypto.key);
}

}  // namespace offhook::sip
