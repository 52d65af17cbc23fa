#include "wire_times.hpp"

#include <cstdint>
#include <string_view>

#include <sys/socket.h>

#include "stand_in.hpp"

namespace offhook::bench {
namespace {

constexpr unsigned char tls_application_data = 0x17;

std::vector<double> times;
std::int64_t webhook_read_at = 0;  // one thread reads webhooks and sends accepts

}  // namespace

const std::vector<double>& own_times_us() { return times; }

static void note_received(const void* data, ssize_t size) {
  const std::string_view bytes{static_cast<const char*>(data),
                               size > 0 ? static_cast<std::size_t>(size) : 0};
  if (bytes.starts_with("POST /webhook ")) {
    webhook_read_at = now_ns();
  }
}

static void note_sending(const void* data, std::size_t size) {
  if (webhook_read_at != 0 && size > 0 &&
      *static_cast<const unsigned char*>(data) == tls_application_data) {
    times.push_back(static_cast<double>(now_ns() - webhook_read_at) / 1e3);
    webhook_read_at = 0;
  }
}

}  // namespace offhook::bench

// Names that the linker's --wrap prescribes.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" {
ssize_t __real_recv(int socket, void* data, std::size_t size, int flags);
ssize_t __real_send(int socket, const void* data, std::size_t size, int flags);
ssize_t __real_recvmsg(int socket, msghdr* message, int flags);

ssize_t __wrap_recv(int socket, void* data, std::size_t size, int flags) {
  const ssize_t received = __real_recv(socket, data, size, flags);
  offhook::bench::note_received(data, received);
  return received;
}

ssize_t __wrap_recvmsg(int socket, msghdr* message, int flags) {
  const ssize_t received = __real_recvmsg(socket, message, flags);
  if (message->msg_iovlen > 0) {
    offhook::bench::note_received(message->msg_iov[0].iov_base, received);
  }
  return received;
}

ssize_t __wrap_send(int socket, const void* data, std::size_t size, int flags) {
  offhook::bench::note_sending(data, size);
  return __real_send(socket, data, size, flags);
}
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
