#include "store/lock_file.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace offhook::store {
namespace {

std::string read_holder(int file) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(file, text.data(), text.size() - 1, 0);
  return size > 0 ? " " + std::string{text.data(), static_cast<std::size_t>(size)} : "";
}

}  // namespace

Result<LockFile> LockFile::take(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) {
    return fail(Errc::invalid_argument,
                path + ": the journal's lock cannot be opened: " + std::strerror(errno));
  }
  LockFile lock{file};
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK
               ? fail(Errc::overloaded, path + ": the journal is in use by process" +
                                            read_holder(file) +
                                            "; stop it, or use another journal file")
               : fail(Errc::internal, path + ": cannot be locked: " + std::strerror(errno));
  }
  // Who holds it is only a hint for people: a full disk may leave it out.
  const std::string holder = std::to_string(::getpid());
  if (::ftruncate(file, 0) == 0) {
    static_cast<void>(!::pwrite(file, holder.data(), holder.size(), 0));
  }
  return lock;
}

LockFile::~LockFile() {
  if (file_ >= 0) {
    ::close(file_);
  }
}

}  // namespace offhook::store
