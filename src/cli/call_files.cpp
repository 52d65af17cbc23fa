#include "cli/call_files.hpp"

#include <utility>

#include "openai/event_line.hpp"

namespace offhook::cli {

Result<std::optional<JsonlFile>> open_call_file(const std::string& path, std::string_view option) {
  if (path.empty()) {
    return std::optional<JsonlFile>{};
  }
  auto file = JsonlFile::create(path);
  if (!file) {
    return fail(std::move(file).error().with(option));
  }
  return std::optional<JsonlFile>{std::move(*file)};
}

call::ControlLeg::OnSidebandEvent event_writer(std::optional<JsonlFile>& file) {
  if (!file) {
    return {};
  }
  return [&file](std::string_view direction, std::string_view event, double at_ms) {
    file->write(openai::event_line(direction, event, at_ms));
  };
}

}  // namespace offhook::cli
