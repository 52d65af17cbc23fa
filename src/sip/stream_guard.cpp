#include "sip/stream_guard.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <dlfcn.h>
#include <sys/socket.h>

#include "sip/raw_refusal.hpp"
#include "sip/stream_message.hpp"

namespace offhook::sip {
namespace {

constexpr int layer_above_tls = 10;
constexpr std::size_t most_drained = 1U << 20U;
constexpr std::uint64_t via_limit_ms = 5'000;
constexpr std::uint64_t drain_limit_ms = 2'000;

/// The guards of a thread.
std::vector<StreamGuard*>& guards() {
  thread_local std::vector<StreamGuard*> list;
  return list;
}

}  // namespace

/// One connection. Its helper belongs to libre's connection, and shows by its count of references
/// whether that still exists.
class StreamGuard::Stream {
 public:
  explicit Stream(tcp_conn* connection) : connection_{connection} {
    tcp_helper* helper = nullptr;
    const auto on_bytes = [](int* error, mbuf* bytes, bool*, void* self) noexcept {
      return static_cast<Stream*>(self)->on_bytes(*error, *bytes);
    };
    if (tcp_register_helper(&helper, connection, layer_above_tls, nullptr, nullptr, on_bytes,
                            this) == 0) {
      helper_.reset(static_cast<tcp_helper*>(mem_ref(helper)));
    }
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { tmr_cancel(&timer_); }

  [[nodiscard]] bool alive() const noexcept {
    return helper_ != nullptr && mem_nrefs(helper_.get()) > 1;
  }

 private:
  /// @return whether the bytes are not for the SIP stack.
  bool on_bytes(int& error, mbuf& bytes) {
    if (refused_) {
      drained_ += mbuf_get_left(&bytes);
      error = drained_ > most_drained ? ECONNABORTED : 0;
      return true;
    }
    const std::size_t before = text_.size();
    text_ += rest_of(&bytes);
    std::size_t good = 0;  // bytes of whole messages
    while (!refused_ && text_.size() > good && text_.size() >= needed_) {
      const std::string_view rest = std::string_view{text_}.substr(good);
      if (rest.front() == '\r' || rest.front() == '\n') {  // between messages: keep-alive
        ++good;
        continue;
      }
      const StreamMessage message = read_message(rest);
      if (message.state == StreamMessage::State::incomplete) {
        needed_ = message.size == 0 ? 0 : good + message.size;
        wait_for_via(message.doubtful);
        break;
      }
      if (message.state == StreamMessage::State::unreadable) {
        refuse(rest);
        break;
      }
      good += message.size;
      needed_ = 0;
    }
    return pass_on(bytes, before, good);
  }

  /// The stack gets what is readable, before the rest is refused.
  bool pass_on(mbuf& bytes, std::size_t before, std::size_t good) {
    if (refused_) {
      bytes.end = bytes.pos + (good > before ? good - before : 0);
      return good <= before;
    }
    text_.erase(0, good);
    needed_ -= std::min(needed_, good);
    return false;
  }

  void wait_for_via(bool doubtful) {
    if (doubtful && !tmr_isrunning(&timer_)) {
      start_timer(via_limit_ms);
    }
  }

  /// Later, when the stack has answered what came before.
  void refuse(std::string_view message) {
    refused_ = true;
    sa peer{};
    static_cast<void>(tcp_conn_peer_get(connection_, &peer));
    answer_ = refuse_unreadable(message, {host_of(peer), sa_port(&peer)});
    start_timer(0);
  }

  void start_timer(std::uint64_t delay_ms) {
    tmr_start(
        &timer_, delay_ms, [](void* self) noexcept { static_cast<Stream*>(self)->on_time(); },
        this);
  }

  void on_time() {
    if (!alive()) {
      return;
    }
    if (!refused_ || std::exchange(closing_, true)) {
      static_cast<void>(shutdown(tcp_conn_fd(connection_), SHUT_RDWR));  // libre sees its end
      return;
    }
    if (const auto text = answer_ ? to_mbuf(*answer_) : nullptr) {
      static_cast<void>(tcp_send(connection_, text.get()));
    }
    // Closed with bytes unread the answer would be lost on its way (RFC 1122 section 4.2.2.13).
    static_cast<void>(shutdown(tcp_conn_fd(connection_), SHUT_WR));
    start_timer(drain_limit_ms);
  }

  tcp_conn* connection_;  // while alive
  ReHandle<tcp_helper> helper_;
  std::string text_;        ///< Of the message that has not come as a whole.
  std::size_t needed_ = 0;  ///< So much of it must be there to go on.
  std::optional<std::string> answer_;
  bool refused_ = false;
  bool closing_ = false;
  std::size_t drained_ = 0;
  tmr timer_{};
};

StreamGuard::StreamGuard(std::vector<std::uint16_t> ports) : ports_{std::move(ports)} {
  guards().push_back(this);
}

StreamGuard::~StreamGuard() { std::erase(guards(), this); }

bool StreamGuard::serves(std::uint16_t port) const noexcept {
  return std::ranges::find(ports_, port) != ports_.end();
}

void StreamGuard::watch(tcp_conn* connection) {
  std::erase_if(streams_, [](const auto& stream) { return !stream->alive(); });
  streams_.push_back(std::make_unique<Stream>(connection));
}

void StreamGuard::on_accepted(tcp_conn* connection) {
  sa local{};
  if (tcp_conn_local_get(connection, &local) != 0) {
    return;
  }
  for (StreamGuard* const guard : guards()) {
    if (guard->serves(sa_port(&local))) {
      guard->watch(connection);
      return;
    }
  }
}

}  // namespace offhook::sip

// Instead of libre's own, which calls of the library itself find as well: a program's symbol comes
// before a library's of the same name. Where a library was bound to its own, streams are not
// guarded, and libre closes them without an answer.
extern "C" int tcp_accept(tcp_conn** connection,
                          tcp_sock* socket,
                          tcp_estab_h* on_established,
                          tcp_recv_h* on_received,
                          tcp_close_h* on_closed,
                          void* argument) {
  using Accept = decltype(&tcp_accept);
  static const auto accept_connection = reinterpret_cast<Accept>(dlsym(RTLD_NEXT, "tcp_accept"));
  if (accept_connection == nullptr) {
    return ENOSYS;
  }
  const int error =
      accept_connection(connection, socket, on_established, on_received, on_closed, argument);
  if (error == 0) {
    offhook::sip::StreamGuard::on_accepted(*connection);
  }
  return error;
}
