// Input: retry-after-ms, retry-after and x-request-id, a line each, then the body of a refusal.
#include <algorithm>
#include <string_view>

#include "expect.hpp"
#include "openai/api_error.hpp"
#include "openai/retry_policy.hpp"

namespace {

std::string take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  return std::string{line};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offhook::openai;
  using namespace std::chrono_literals;
  std::string_view rest{reinterpret_cast<const char*>(data), size};
  offhook::net::HttpResponse answer;
  answer.status = 429;
  for (const char* name : {"retry-after-ms", "retry-after", "x-request-id"}) {
    answer.headers.add(name, take_line(rest));
  }
  answer.body = rest;

  const offhook::Secret key{"sk-fuzz"};
  const offhook::Error error = api_failure(answer, key);
  FUZZ_EXPECT(error.detail.find("sk-fuzz") == std::string::npos);
  FUZZ_EXPECT(error.detail.size() < 1'000);
  FUZZ_EXPECT(std::ranges::none_of(
      error.detail, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));

  constexpr std::chrono::system_clock::time_point now{1'795'305'600s};
  RetryPolicy policy;
  const AttemptOutcome outcome{.status = 429, .headers = answer.headers};
  const auto delay = policy.next_delay(outcome, 0ms, now, 0.5);
  FUZZ_EXPECT(delay && *delay >= 0ms && *delay <= 60'000ms);
  return 0;
}
