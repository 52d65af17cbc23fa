#include "cli/control_token.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.hpp"

namespace offhook::cli {
namespace {

constexpr std::size_t token_length = 40;

/// Made anew: a file of somebody else's, or a link to one, is never written into.
Result<> write_private(const std::string& path, const std::string& text) {
  unlink(path.c_str());
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) {
    return fail(Errc::not_found, path + ": " + std::strerror(errno) +
                                     "; set OFFHOOK_CONTROL_TOKEN to do without this file");
  }
  const ssize_t written = write(file, text.data(), text.size());
  close(file);
  if (written != static_cast<ssize_t>(text.size())) {
    return fail(Errc::not_found, path + ": cannot be written");
  }
  return {};
}

}  // namespace

Result<ControlToken> ControlToken::choose(Secret given, const std::string& file) {
  if (!given.empty()) {
    return ControlToken{std::move(given), {}};
  }
  const char* const variable = std::getenv("OFFHOOK_CONTROL_TOKEN");
  if (variable != nullptr && *variable != '\0') {
    return ControlToken{Secret{variable}, {}};
  }
  const std::string made = random_base62(token_length);
  const auto written = write_private(file, made + "\n");
  if (!written) {
    return fail(Error{written.error()}.with("control token"));
  }
  return ControlToken{Secret{made}, file};
}

ControlToken::ControlToken(ControlToken&& other) noexcept
    : secret_{std::move(other.secret_)}, file_{std::exchange(other.file_, {})} {}

ControlToken::~ControlToken() {
  if (!file_.empty()) {
    unlink(file_.c_str());
  }
}

}  // namespace offhook::cli
