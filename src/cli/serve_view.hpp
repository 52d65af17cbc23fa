#pragma once

#include <string>

#include "serve/event_feed.hpp"

namespace offhook::cli {

/// One event of the service as a line for people: "rtc_u1_0f1e  +15550100 → support"; empty: not
/// worth a line.
[[nodiscard]] std::string describe(const serve::FeedEvent& event);

/// The same for programs: {"id":…,"event":…,<fields>}.
[[nodiscard]] std::string to_jsonl(const serve::FeedEvent& event);

}  // namespace offhook::cli
