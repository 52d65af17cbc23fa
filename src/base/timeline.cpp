#include "base/timeline.hpp"

#include "base/json_text.hpp"

namespace offhook {

void Timeline::mark(std::string_view source,
                    std::string_view name,
                    boost::json::object detail,
                    Clock::time_point at) {
  const Mark mark{ms_at(at), std::string{source}, std::string{name}, std::move(detail)};
  for (const auto& [id, reader] : readers_) {
    reader(mark);
  }
}

std::string to_jsonl(const Mark& mark) {
  boost::json::object line;
  line["at_ms"] = mark.at_ms;
  line["source"] = mark.source;
  line["name"] = mark.name;
  for (const auto& [key, value] : mark.detail) {
    line[key] = value;
  }
  return json_text(line);
}

}  // namespace offhook
