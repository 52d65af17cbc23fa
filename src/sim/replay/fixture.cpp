#include "sim/replay/fixture.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "base/json.hpp"
#include "sim/replay/fixture_links.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr double longest_fixture_ms = 24.0 * 60 * 60 * 1'000;

/// Takes a file apart, line by line.
class FixtureReader {
 public:
  explicit FixtureReader(const std::string& file) : file_{file} {
    fixture_.name = std::filesystem::path{file}.stem().string();
  }

  Result<Fixture> read(std::string_view text) {
    if (text.size() > largest_fixture) {
      return fail(Errc::overloaded,
                  fmt::format("{}: has {} bytes; a recording of events has {} at most", file_,
                              text.size(), largest_fixture));
    }
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      ++line_;
      if (auto read = read_line(text.substr(0, end)); !read) {
        return fail(std::move(read).error());
      }
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (fixture_.session_created.empty()) {
      return fail(Errc::malformed_message,
                  file_ + ": has no session.created; record a call that a sideband is attached to");
    }
    link_answers(fixture_.steps);
    return std::move(fixture_);
  }

 private:
  [[nodiscard]] tl::unexpected<Error> wrong(const std::string& what,
                                            Errc code = Errc::malformed_message) const {
    return fail(code, fmt::format("{}:{}: {}", file_, line_, what));
  }

  Result<> read_line(std::string_view text) {
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) {
      return {};
    }
    auto parsed = parse_json(text);
    if (!parsed) {
      return wrong(parsed.error().detail);
    }
    json::value* event = parsed->is_object() ? parsed->get_object().if_contains("event") : nullptr;
    if (event == nullptr || !event->is_object()) {
      return wrong(R"(must be {"at_ms": …, "direction": …, "event": {…}})");
    }
    const json::value* const at = json_at(*parsed, "at_ms");
    const double at_ms = at != nullptr && at->is_number() ? at->to_number<double>() : -1;
    if (!(at_ms >= 0 && at_ms <= longest_fixture_ms)) {
      return wrong("at_ms: a number of milliseconds of one day is wanted");
    }
    const auto direction = json_string(*parsed, "direction");
    if (direction != "received" && direction != "sent" && direction != "mark") {
      return wrong(R"(direction: "received", "sent" or "mark" is wanted)");
    }
    return take(direction, at_ms, std::move(event->get_object()));
  }

  Result<> take(std::string_view direction, double at_ms, json::object event) {
    const json::value whole(std::move(event));
    const auto type = json_string(whole, "type");
    if (direction == "mark") {
      if (type == "sound.began") {
        fixture_.sound_ms = at_ms;
      }
      return {};
    }
    const bool from_server = direction == "received";
    if (from_server && type == "session.started") {
      return wrong("is of a call of the Live API; calls of the Realtime API can be replayed",
                   Errc::unsupported);
    }
    if (from_server && type == "session.created") {
      if (fixture_.session_created.empty()) {
        fixture_.session_created = whole.get_object();
        fixture_.attached_ms = last_ms_ = std::max(last_ms_, at_ms);
      }
      return {};  // another socket, or the same again: whoever attaches now gets the first one
    }
    if (from_server && fixture_.session_created.empty()) {
      return {};  // nobody saw it
    }
    if (fixture_.steps.size() >= most_fixture_steps) {
      return wrong(fmt::format("a recording has {} events at most", most_fixture_steps),
                   Errc::overloaded);
    }
    last_ms_ = std::max(last_ms_, at_ms);
    fixture_.steps.push_back({last_ms_, from_server, whole.get_object(), line_});
    return {};
  }

  const std::string& file_;
  Fixture fixture_{};
  std::size_t line_ = 0;
  double last_ms_ = 0;
};

}  // namespace

Result<Fixture> parse_fixture(std::string_view text, const std::string& file) {
  return FixtureReader{file}.read(text);
}

}  // namespace offhook::sim
