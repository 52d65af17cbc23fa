#include "base/timeline.hpp"

#include <cmath>

#include <boost/json/serialize.hpp>

namespace offhook {

void Timeline::mark(std::string_view source,
                    std::string_view name,
                    boost::json::object detail,
                    Clock::time_point at) {
  const Mark mark{ms_at(at), std::string{source}, std::string{name}, std::move(detail)};
  for (const Reader& reader : readers_) {
    reader(mark);
  }
}

std::string to_jsonl(const Mark& mark) {
  boost::json::object line;
  line["at_ms"] = std::round(mark.at_ms * 1000) / 1000;
  line["source"] = mark.source;
  line["name"] = mark.name;
  for (const auto& [key, value] : mark.detail) {
    line[key] = value;
  }
  return boost::json::serialize(line);
}

}  // namespace offhook
