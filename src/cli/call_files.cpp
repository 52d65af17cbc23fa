#include "cli/call_files.hpp"

#include <utility>

#include <fmt/format.h>

namespace offhook::cli {

Result<std::optional<call::JsonlFile>> open_call_file(const std::string& path,
                                                      std::string_view option) {
  if (path.empty()) {
    return std::optional<call::JsonlFile>{};
  }
  auto file = call::JsonlFile::create(path);
  if (!file) {
    return fail(std::move(file).error().with(option));
  }
  return std::optional<call::JsonlFile>{std::move(*file)};
}

call::ControlLeg::OnSidebandEvent event_writer(std::optional<call::JsonlFile>& file) {
  if (!file) {
    return {};
  }
  return [&file](std::string_view direction, std::string_view event, double at_ms) {
    file->write(
        fmt::format(R"({{"at_ms":{:.3f},"direction":"{}","event":{}}})", at_ms, direction, event));
  };
}

}  // namespace offhook::cli
