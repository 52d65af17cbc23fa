#include "store/lock_file.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace offhook::store {
namespace {

std::string read_holder(int file) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(file, text.data(), text.size() - 1, 0);
  return size > 0 ? " " + std::string{text.data(), static_cast<std::size_t>(size)} : "";
}

/// Of the open file, not of the process: threads and forks do not drop it by closing another one.
struct flock lock_of(short kind, std::int64_t place) {
  struct flock lock {};
  lock.l_type = kind;
  lock.l_whence = SEEK_SET;
  lock.l_start = place;
  lock.l_len = 1;
  return lock;
}

}  // namespace

Result<LockFile> LockFile::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) {
    return fail(Errc::invalid_argument,
                path + ": the journal's lock cannot be opened: " + std::strerror(errno));
  }
  return LockFile{path, file};
}

LockFile::~LockFile() {
  if (file_ >= 0) {
    ::close(file_);
  }
}

Result<> LockFile::take(std::int64_t place) {
  struct flock lock = lock_of(F_WRLCK, place);
  if (::fcntl(file_, F_OFD_SETLK, &lock) != 0) {
    return errno == EAGAIN || errno == EACCES
               ? fail(Errc::overloaded, path_ + ": the journal is in use by process" +
                                            read_holder(file_) +
                                            "; stop it, or use another journal file")
               : fail(Errc::internal, path_ + ": cannot be locked: " + std::strerror(errno));
  }
  if (place == owner) {
    // Who holds it is only a hint for people: a full disk may leave it out.
    const std::string holder = std::to_string(::getpid());
    if (::ftruncate(file_, 0) == 0) {
      static_cast<void>(!::pwrite(file_, holder.data(), holder.size(), 0));
    }
  }
  return {};
}

Result<> LockFile::wait_for(std::int64_t place) {
  struct flock lock = lock_of(F_WRLCK, place);
  while (::fcntl(file_, F_OFD_SETLKW, &lock) != 0) {
    if (errno != EINTR) {
      return fail(Errc::internal, path_ + ": cannot be locked: " + std::strerror(errno));
    }
  }
  return {};
}

void LockFile::give_back(std::int64_t place) {
  struct flock lock = lock_of(F_UNLCK, place);
  static_cast<void>(::fcntl(file_, F_OFD_SETLK, &lock));
}

bool LockFile::taken(std::int64_t place) const {
  struct flock lock = lock_of(F_WRLCK, place);
  return ::fcntl(file_, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace offhook::store
