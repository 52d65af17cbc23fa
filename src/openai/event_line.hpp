#pragma once

#include <string>
#include <string_view>

namespace offhook::openai {

/// One line of a file of sideband events (docs/files.md, `--events`), without its end.
/// @param direction  As the controller sees it: "received", "sent", or "mark" for what is none.
/// @param event      JSON text.
/// @param at_ms      On a clock that is the same for the whole file.
[[nodiscard]] std::string event_line(std::string_view direction,
                                     std::string_view event,
                                     double at_ms);

}  // namespace offhook::openai
