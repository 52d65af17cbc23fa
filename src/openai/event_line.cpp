#include "openai/event_line.hpp"

#include <fmt/format.h>

namespace offhook::openai {

std::string event_line(std::string_view direction, std::string_view event, double at_ms) {
  return fmt::format(R"({{"at_ms":{:.3f},"direction":"{}","event":{}}})", at_ms, direction, event);
}

}  // namespace offhook::openai
