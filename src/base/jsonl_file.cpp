#include "base/jsonl_file.hpp"

#include <cerrno>
#include <cstring>

namespace offhook {

Result<JsonlFile> JsonlFile::create(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) {
    return fail(Errc::not_found, path + ": " + std::strerror(errno));
  }
  return JsonlFile{file};
}

void JsonlFile::write(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), file_.get());
  std::fputc('\n', file_.get());
  std::fflush(file_.get());
}

}  // namespace offhook
