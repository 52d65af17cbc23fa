// Input: a SIP message as the wire log of the sim shows it. What is shown has no password, no
// credentials and no key; and what is put where secrets stand does not show up.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "expect.hpp"
#include "sim/redaction.hpp"

namespace sim = offhook::sim;
namespace json = boost::json;

namespace {

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// Every "sip:user:…@" has the mark where the password was.
void expect_no_password(std::string_view shown) {
  const std::string text = lower(shown);
  for (const std::string_view scheme : {"sip:", "sips:"}) {
    for (auto at = text.find(scheme); at != std::string::npos; at = text.find(scheme, at + 1)) {
      const auto begin = at + scheme.size();
      const std::string_view address = std::string_view{text}.substr(
          begin, std::string_view{text}.substr(begin).find_first_of(" \t<>\""));
      const auto host = address.find('@');
      const auto colon = address.find(':');
      if (host != std::string_view::npos && colon < host) {
        FUZZ_EXPECT(address.substr(colon + 1).starts_with(sim::redacted));
      }
    }
  }
}

void expect_no_key(std::string_view body) {
  while (!body.empty()) {
    const auto end = std::min(body.find('\n'), body.size());
    std::string_view line = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    const std::string name = lower(line.substr(0, 10));
    if (name.starts_with("a=crypto") || name.starts_with("a=key-mgmt") || line.starts_with("k=")) {
      FUZZ_EXPECT(line.ends_with(sim::redacted));
    }
  }
}

void expect_no_secret(std::string_view message) {
  const json::object shown = sim::show_sip(message);
  expect_no_password(shown.at("start_line").as_string());
  for (const json::value& header : shown.at("headers").as_array()) {
    const std::string name = lower(header.at("name").as_string());
    const std::string_view value = header.at("value").as_string();
    if (name == "authorization" || name == "proxy-authorization") {
      FUZZ_EXPECT(value == sim::redacted);
    }
    expect_no_password(value);
  }
  if (const json::value* const body = shown.if_contains("body")) {
    expect_no_key(body->as_string());
  }
  const std::string text = json::serialize(shown);
  FUZZ_EXPECT(sim::valid_utf8(text) == text);
  FUZZ_EXPECT(text.size() < 40 * message.size() + 4'096);
}

/// Characters that a user or a password may have (RFC 3261, 25.1), drawn by the input.
std::string drawn(std::string_view input, std::string_view alphabet) {
  std::string text;
  for (const char c : input.substr(0, 40)) {
    text += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  }
  return text;
}

void expect_planted_secrets_gone(std::string_view input) {
  const std::string user = "u" + drawn(input.substr(0, input.size() / 2), "aZ7-_.!~*'()&=+$,;?/%");
  const std::string secret = "S3CRET" + drawn(input.substr(input.size() / 2), "bY8-_.!~*'()&=+$,%");
  const std::string uri = (input.size() % 2 == 0 ? "sip:" : "SIPS:") + user + ":" + secret + "@h";
  const std::string message =
      "INVITE " + uri + " SIP/2.0\r\nFrom: \"A\" <" + uri + ">;tag=1\r\nTo: " + uri +
      "\r\nAuthorization: Digest username=\"u\",\r\n response=\"" + secret +
      "\"\r\nproxy-authorization : Basic " + secret + "\r\nContact: <" + uri + ";x=y>, <" + uri +
      ">\r\nRoute: " + uri + ",sip:kept@k," + uri + "\r\n\r\nv=0\r\nk=base64:" + secret +
      "\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + secret + "|2^20\r\na=key-mgmt:mikey " +
      secret + "\r\nA=CRYPTO:1 X " + secret;
  const std::string shown = json::serialize(sim::show_sip(message));
  FUZZ_EXPECT(shown.find("S3CRET") == std::string::npos);
  FUZZ_EXPECT(shown.find("sip:kept@k") != std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  expect_no_secret(text);
  expect_planted_secrets_gone(text);
  const std::string_view call_id = sim::sip_call_id(text);
  FUZZ_EXPECT(call_id.find('\n') == std::string_view::npos);
  FUZZ_EXPECT(call_id.empty() || text.find(call_id) != std::string_view::npos);
  return 0;
}
