#include "sip/stack.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace offhook::sip {
namespace {

constexpr std::size_t send_queue_bytes = 16U << 20U;
constexpr int port_attempts = 16;
constexpr std::size_t longest_told = 64U << 10U;

/// Sizes of libre's hash tables: a client has one upstream, a server may have thousands of calls.
constexpr std::uint32_t client_table_size = 256;
constexpr std::uint32_t server_table_size = 4096;
constexpr std::uint32_t connection_table_size = 64;

/// What `Stack::watch_end` gives to libre, by pointer.
struct Watch {
  std::weak_ptr<Stack> stack;
  std::uint64_t id;
};

}  // namespace

Result<> Stack::start_core(const std::string& bind_address, std::uint32_t table_size) {
  if (sa_set_str(&local_, bind_address.c_str(), 0) != 0) {
    return fail(Errc::invalid_argument, "sip: '" + bind_address + "' is not an IP address");
  }
  bind_address_ = bind_address;
  SipCore* core = nullptr;
  const auto on_exit = [](void* self) noexcept {
    // Called from within libre's destructor; the rest must happen after it.
    auto& stack = *static_cast<Stack*>(self);
    stack.exited_ = true;
    tmr_start(
        &stack.close_timer_, 0, [](void* s) noexcept { static_cast<Stack*>(s)->release(); },
        &stack);
  };
  if (sip_alloc(&core, loop_->dns(), table_size, table_size, connection_table_size, "offhook",
                on_exit, this) != 0) {
    return fail(Errc::internal, "sip: no memory for the SIP stack");
  }
  sip_.reset(core);
  const auto on_message = [](const sip_msg* message, void* self) noexcept {
    return static_cast<Stack*>(self)->on_request(*message);
  };
  // Before the session layer's listener, which leaves some requests to nobody.
  int error = sip_listen(&request_listener_, core, true, on_message, this);
  sipsess_sock* socket = nullptr;
  const auto on_invite = [](const sip_msg* message, void* self) noexcept {
    static_cast<Stack*>(self)->on_invite(*message);
  };
  error = error != 0 ? error
                     : sipsess_listen(&socket, core, static_cast<int>(table_size), on_invite, this);
  sessions_socket_.reset(socket);
  if (error != 0) {
    return fail(Errc::internal, "sip: no memory for the SIP stack");
  }
  sip_set_trace_handler(core,
                        [](bool outgoing, sip_transp transport, const sa*, const sa*,
                           const std::uint8_t* packet, std::size_t size, void* self) noexcept {
                          auto& stack = *static_cast<Stack*>(self);
                          const std::string_view text{reinterpret_cast<const char*>(packet), size};
                          stack.tell(outgoing, transport, text);
                          outgoing ? stack.on_sent(text) : stack.on_received(text);
                        });
  return {};
}

Result<> Stack::start_client(const TlsClientConfig& config) {
  auto context = make_client_tls(config, watch_);
  if (!context) {
    return fail(std::move(context).error());
  }
  watch_.on_lost = [weak = weak_from_this(), loop = loop_.get()] {
    static_cast<void>(loop->post([weak] {
      if (const auto self = weak.lock()) {
        self->on_connection_lost();
      }
    }));
  };
  contact_user_ = "offhook";
  connect_timeout_ = config.connect_timeout;
  keep_alive_interval_ = config.keep_alive_interval;
  auto started = start_core(config.bind_address, client_table_size);
  if (started) {
    started = listen_tls(0, std::move(*context));
  }
  if (!started) {
    abandon_start();
    return started;
  }
  self_ = shared_from_this();
  loop_->stack_started(*this);
  return {};
}

Result<> Stack::start_server(const ServerConfig& config,
                             const ServerQuirks& quirks,
                             OnArrival on_arrival) {
  server_ = true;
  quirks_ = quirks;
  on_arrival_ = std::move(on_arrival);
  contact_user_ = config.contact_user;
  trying_at_once_ = config.trying_at_once;
  takes_offers_ = config.takes_offers;
  session_timers_ = config.session_timers;
  answers_options_ = config.answers_options;
  auto started = start_core(config.bind_address, server_table_size);
  if (started && config.udp_port) {
    started = listen_plain(*config.udp_port);
  }
  if (started && config.tls_port) {
    auto context = make_server_tls(config.tls_cert_file);
    started = context ? listen_tls(*config.tls_port, std::move(*context))
                      : Result<>{fail(std::move(context).error())};
  }
  if (!started) {
    abandon_start();
    return started;
  }
  stream_guard_ = std::make_unique<StreamGuard>(std::vector{tls_port_, udp_port_});
  self_ = shared_from_this();
  loop_->stack_started(*this);
  return {};
}

Result<> Stack::bind_failed(const char* transport, std::uint16_t port, int error) const {
  return fail(Errc::invalid_argument, std::string{"sip: cannot bind "} + transport + " port " +
                                          std::to_string(port) + " of " + bind_address_ + " (" +
                                          std::strerror(error) + "); choose another");
}

Result<> Stack::listen_tls(std::uint16_t port, ReHandle<tls> context) {
  tls_ = std::move(context);
  sa where = local_;
  sa_set_port(&where, port);
  if (const int error = sip_transp_add(sip_.get(), SIP_TRANSP_TLS, &where, tls_.get())) {
    return bind_failed("TLS", port, error);
  }
  static_cast<void>(sip_transp_laddr(sip_.get(), &where, SIP_TRANSP_TLS, &local_));
  tls_port_ = sa_port(&where);
  return {};
}

Result<> Stack::listen_plain(std::uint16_t port) {
  const int attempts = port == 0 ? port_attempts : 1;
  int error = 0;
  for (int i = 0; i < attempts; ++i) {
    sa where = local_;
    sa_set_port(&where, port);
    error = sip_transp_add(sip_.get(), SIP_TRANSP_UDP, &where);
    if (error == 0) {
      static_cast<void>(sip_transp_laddr(sip_.get(), &where, SIP_TRANSP_UDP, &local_));
      error = sip_transp_add(sip_.get(), SIP_TRANSP_TCP, &where);
    }
    if (error == 0) {
      udp_port_ = sa_port(&where);
      guard_ = std::make_unique<UdpGuard>();
      guard_->start(sip_.get(), where);
      return {};
    }
    sip_transp_flush(sip_.get());
  }
  return bind_failed("UDP and TCP", port, error);
}

void Stack::abandon_start() noexcept {
  mem_deref(request_listener_);
  sessions_socket_.reset();
  sip_.reset();
  tls_.reset();
}

void Stack::invite(std::uint64_t id, InviteOptions options, EventSink events) {
  auto session = std::make_unique<Session>(*this, id, std::move(events));
  Session& call = *session;
  sessions_.emplace(id, std::move(session));
  call.call(std::move(options));
  if (closing_) {
    call.hang_up();
  }
}

Session* Stack::find(std::uint64_t id) noexcept {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second.get();
}

void Stack::retire(std::uint64_t id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) {
    return;
  }
  const auto indexed = by_call_id_.find(found->second->call_id());
  if (indexed != by_call_id_.end() && indexed->second == id) {
    by_call_id_.erase(indexed);
  }
  retired_.push_back(std::move(found->second));
  sessions_.erase(found);
  tmr_start(
      &retire_timer_, 0, [](void* self) noexcept { static_cast<Stack*>(self)->retired_.clear(); },
      this);
}

void Stack::tune(const sip_msg& message) noexcept {
  tcp_conn* connection = sip_msg_tcpconn(&message);
  if (connection == nullptr || message.tp == SIP_TRANSP_UDP) {
    return;
  }
  // A TLS connection whose queue overflows is lost, because a record goes out in part.
  tcp_conn_txqsz_set(connection, send_queue_bytes);
  const int on = 1;
  static_cast<void>(setsockopt(tcp_conn_fd(connection), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

void Stack::tell(bool sent, sip_transp transport, std::string_view packet) const {
  if (tap_) {
    tap_({sent, std::string{packet.substr(0, longest_told)}, sip_transp_name(transport),
          std::chrono::steady_clock::now()});
  }
}

void Stack::on_sent(std::string_view packet) {
  constexpr std::string_view field = "\r\nCall-ID: ";
  if (server_ || !packet.starts_with("INVITE ")) {
    return;
  }
  const std::size_t at = packet.find(field);
  if (at == std::string_view::npos) {
    return;
  }
  packet.remove_prefix(at + field.size());
  const std::string call_id{packet.substr(0, packet.find('\r'))};
  const auto known = by_call_id_.find(call_id);
  Session* session = known == by_call_id_.end() ? connecting_ : find(known->second);
  if (session != nullptr) {
    session->on_invite_sent(call_id);
  }
}

/// libre tells nobody how a BYE was answered.
void Stack::on_received(std::string_view packet) {
  const auto leaving = [](const auto& entry) { return entry.second->leaving(); };
  if (!packet.starts_with("SIP/2.0 ") || std::ranges::none_of(sessions_, leaving)) {
    return;
  }
  const auto buffer = to_mbuf(packet);
  sip_msg* raw = nullptr;
  if (buffer == nullptr || sip_msg_decode(&raw, buffer.get()) != 0) {
    return;
  }
  const ReHandle<sip_msg> message{raw};
  const auto known = by_call_id_.find(std::string{view(message->callid)});
  Session* session = known == by_call_id_.end() ? nullptr : find(known->second);
  if (session != nullptr && message->scode >= 200 && view(message->cseq.met) == "BYE") {
    session->on_goodbye_answered();
  }
}

ReHandle<void> Stack::watch_end(std::uint64_t id) {
  const auto on_release = [](void* object) noexcept {
    const std::unique_ptr<Watch> watch{*static_cast<Watch**>(object)};
    const auto stack = watch == nullptr ? nullptr : watch->stack.lock();
    if (stack != nullptr) {  // libre is in the midst of something
      static_cast<void>(stack->loop().post([weak = watch->stack, ended = watch->id] {
        const auto alive = weak.lock();
        if (Session* session = alive == nullptr ? nullptr : alive->find(ended)) {
          session->on_goodbye_over();
        }
      }));
    }
  };
  void* object = mem_zalloc(sizeof(Watch*), on_release);
  if (object != nullptr) {
    *static_cast<Watch**>(object) = new Watch{weak_from_this(), id};
  }
  return ReHandle<void>{object};
}

int Stack::authorise(char** username, char** password, const char* /*realm*/, void* end) noexcept {
  const Watch* const watch = end == nullptr ? nullptr : *static_cast<Watch**>(end);
  const auto stack = watch == nullptr ? nullptr : watch->stack.lock();
  const Session* const session = stack == nullptr ? nullptr : stack->find(watch->id);
  if (session == nullptr || !session->credentials()) {
    return EAUTH;
  }
  const int error = str_dup(username, session->credentials()->username.c_str());
  return error != 0
             ? error
             : str_dup(password, std::string{session->credentials()->password.reveal()}.c_str());
}

std::vector<std::uint64_t> Stack::session_ids() const {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, session] : sessions_) {
    ids.push_back(id);
  }
  return ids;
}

void Stack::on_connection_lost() {
  if (watch_.connections != 0) {
    return;  // Which calls used the one that ended is not known while there are others.
  }
  for (const std::uint64_t id : session_ids()) {
    if (Session* session = find(id)) {
      session->on_connection_lost();
    }
  }
  if (probe_ != 0) {
    on_keep_alive_answer(probe_, false);  // libre would wait 32 s for it
  } else if (probes_failed_ == 0 && tmr_isrunning(&keep_alive_timer_)) {
    keep_alive_after(std::chrono::milliseconds{0});
  }
}

void Stack::give_up_goodbyes() {
  for (const std::uint64_t id : session_ids()) {
    if (Session* session = find(id)) {
      session->goodbye_failed(Errc::timed_out);
    }
  }
}

void Stack::close(std::chrono::milliseconds limit, std::function<void()> done) {
  if (sip_ == nullptr) {
    if (done) {
      done();
    }
    return;
  }
  on_closed_.push_back(std::move(done));
  const bool first = !std::exchange(closing_, true);
  std::vector<Session*> calls;
  for (const auto& [id, session] : sessions_) {
    calls.push_back(session.get());
  }
  for (Session* session : calls) {
    session->shut_down();
  }
  if (exited_) {
    return;
  }
  tmr_start(
      &close_timer_, static_cast<std::uint64_t>(std::max<std::int64_t>(limit.count(), 0)),
      [](void* self) noexcept { static_cast<Stack*>(self)->force_close(); }, this);
  if (first) {
    sip_close(sip_.get(), false);
  }
}

void Stack::force_close() {
  give_up_goodbyes();  // before their connections go: nobody answered is why, not nobody there
  SipCore* core = sip_.get();
  sip_close(core, true);
  if (!exited_) {
    // What still waits for an ACK is not a request, and is only dropped with its session.
    sipsess_close_all(sessions_socket_.get());
  }
  if (!exited_) {
    sip_close(core, true);
  }
  if (!exited_) {
    static_cast<void>(sip_.release());  // Still referred to by something of libre: not ours.
    static_cast<void>(guard_.release());
    static_cast<void>(stream_guard_.release());
    release();
  }
}

void Stack::release() {
  const std::shared_ptr<Stack> alive = std::exchange(self_, nullptr);
  tmr_cancel(&close_timer_);
  tmr_cancel(&keep_alive_timer_);
  give_up_goodbyes();
  tmr_cancel(&retire_timer_);
  retired_.clear();
  sessions_.clear();
  watch_.on_lost = nullptr;
  mem_deref(request_listener_);
  sessions_socket_.reset();
  sip_.reset();
  stream_guard_.reset();
  tls_.reset();
  on_arrival_ = nullptr;
  tap_ = nullptr;
  loop_->stack_released(*this);
  for (const auto& done : std::exchange(on_closed_, {})) {
    if (done) {
      done();
    }
  }
}

}  // namespace offhook::sip
