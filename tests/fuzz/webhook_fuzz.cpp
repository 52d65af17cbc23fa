// Input: three header values, a line each, then the body. Verification must neither crash nor
// believe it; what we sign ourselves must be believed, and not after one change.
#include <algorithm>
#include <string>
#include <string_view>

#include "expect.hpp"
#include "openai/webhook.hpp"

namespace {

using offhook::Secret;
using namespace offhook::openai;

std::string_view take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  return line;
}

void exercise(const WebhookEvent& event) {
  if (const auto* call = std::get_if<RealtimeCallIncoming>(&event)) {
    for (const SipHeaderField& field : call->sip_headers) {
      FUZZ_EXPECT(sip_header(call->sip_headers, field.name).data() != nullptr);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Vector B of the reference: the corpus may hold a valid delivery of this secret.
  static const std::vector<Secret> ours{
      Secret{"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}};
  static const std::vector<Secret> never_used{Secret{"whsec_never/used/to/sign/anything/here"},
                                              Secret{"nor this"}};
  std::string_view body{reinterpret_cast<const char*>(data), size};
  const WebhookHeaders headers{take_line(body), take_line(body), take_line(body)};
  constexpr std::int64_t now = 1'795'305'600;

  const auto verdict = refuse_webhook(ours, headers, body, now);
  FUZZ_EXPECT(verify_webhook(ours, headers, body, now).has_value() == !verdict);
  FUZZ_EXPECT(refuse_webhook(never_used, headers, body, now).has_value());

  const std::string timestamp = std::to_string(now);
  const std::string id = "wh_" + std::string{headers.id};
  std::string signature = sign_webhook(ours[0], id, timestamp, body);
  const WebhookHeaders fresh{id, timestamp, signature};
  FUZZ_EXPECT(!refuse_webhook(ours, fresh, body, now));
  FUZZ_EXPECT(refuse_webhook(ours, fresh, std::string{body} + "x", now));

  const auto event = parse_webhook(body);
  if (event) {
    exercise(*event);
  }
  return 0;
}
