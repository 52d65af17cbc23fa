#include "sim/replay/fixture_writer.hpp"

#include <utility>

#include <boost/json/serialize.hpp>

#include "openai/event_line.hpp"
#include "sim/redaction.hpp"
#include "sim/replay/fixture.hpp"

namespace offhook::sim {

Result<FixtureWriter> FixtureWriter::create(const std::string& path) {
  auto file = JsonlFile::create(path);
  if (!file) {
    return fail(std::move(file).error());
  }
  return FixtureWriter{std::move(*file)};
}

double FixtureWriter::now_ms() const {
  return std::chrono::duration<double, std::milli>(Clock::now() - began_).count();
}

void FixtureWriter::write(std::string_view direction, std::string_view event) {
  const auto shown = show_event(event, largest_fixture);
  file_.write(openai::event_line(direction, boost::json::serialize(shown), now_ms()));
}

void FixtureWriter::sound_begins() {
  file_.write(openai::event_line("mark", R"({"type":"sound.began"})", now_ms()));
}

}  // namespace offhook::sim
