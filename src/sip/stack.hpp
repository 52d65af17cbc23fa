#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "sip/endpoint.hpp"
#include "sip/libre.hpp"
#include "sip/loop_impl.hpp"
#include "sip/session.hpp"
#include "sip/stream_guard.hpp"
#include "sip/tls_context.hpp"
#include "sip/udp_guard.hpp"

namespace offhook::sip {

/// An INVITE as the SIP thread hands it on; `id` names its session.
struct Arrival {
  std::uint64_t id = 0;
  std::string call_id;
  std::string request_user;
  std::vector<SipHeader> headers;
  std::string sdp;
  std::string transport;
};

/// One `struct sip` of libre: its transports, listeners and calls. Either calls over TLS to one
/// name, or is called: a certificate is checked by the name set on the context, so a stack must
/// never do both, nor call two names.
///
/// Everything but construction and destruction happens on the SIP thread. It keeps itself alive
/// from `start` until libre has let go of it.
class Stack : public std::enable_shared_from_this<Stack> {
 public:
  /// Called for every INVITE; returns where the events of the new session go.
  using OnArrival = std::function<EventSink(Arrival)>;
  using OnMessage = std::function<void(WireMessage)>;

  explicit Stack(std::shared_ptr<Loop::Impl> loop) : loop_{std::move(loop)} {}
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  /// Every message is told from the start on. Before `start`.
  void set_tap(OnMessage tap) { tap_ = std::move(tap); }
  [[nodiscard]] Result<> start_client(const TlsClientConfig& config);
  [[nodiscard]] Result<> start_server(const ServerConfig& config,
                                      const ServerQuirks& quirks,
                                      OnArrival on_arrival);

  void invite(std::uint64_t id, InviteOptions options, EventSink events);

  /// The session's last event has been told: it goes once nothing of it runs any more.
  void retire(std::uint64_t id);

  /// Null once it has ended.
  [[nodiscard]] Session* find(std::uint64_t id) noexcept;

  /// Ends every call and lets go of libre once the goodbyes are through, or after `limit`.
  void close(std::chrono::milliseconds limit, std::function<void()> done);

  [[nodiscard]] std::uint16_t tls_port() const noexcept { return tls_port_; }
  [[nodiscard]] std::uint16_t udp_port() const noexcept { return udp_port_; }

  // What sessions need:
  [[nodiscard]] SipCore* core() const noexcept { return sip_.get(); }
  [[nodiscard]] sipsess_sock* socket() const noexcept { return sessions_socket_.get(); }
  [[nodiscard]] Loop::Impl& loop() const noexcept { return *loop_; }
  [[nodiscard]] const TlsWatch& watch() const noexcept { return watch_; }
  [[nodiscard]] const ServerQuirks& quirks() const noexcept { return quirks_; }
  [[nodiscard]] const std::string& bind_address() const noexcept { return bind_address_; }
  [[nodiscard]] std::chrono::milliseconds connect_timeout() const noexcept {
    return connect_timeout_;
  }
  [[nodiscard]] const std::string& contact_user() const noexcept { return contact_user_; }
  [[nodiscard]] bool takes_offers() const noexcept { return takes_offers_; }
  [[nodiscard]] bool session_timers() const noexcept { return session_timers_; }
  [[nodiscard]] bool is_server() const noexcept { return server_; }
  void remember(const std::string& call_id, std::uint64_t id) { by_call_id_[call_id] = id; }
  /// The session whose INVITE is being written, which has no Call-ID yet.
  void set_connecting(Session* session) noexcept { connecting_ = session; }
  void keep_to_flow(sip_dialog* dialog, const sip_msg& message);
  void start_keep_alive();
  /// Something to be given to libre's session as its owner's: when it is released, libre is done
  /// with the session, its BYE included, and `on_goodbye_over` of session `id` is called.
  [[nodiscard]] ReHandle<void> watch_end(std::uint64_t id);
  /// libre asks for the credentials of a session that was challenged. @param end  Its `watch_end`.
  /// @return EAUTH when it has none.
  static int authorise(char** username, char** password, const char* realm, void* end) noexcept;
  /// The connection that `message` came on sends at once and queues generously from now on.
  static void tune(const sip_msg& message) noexcept;

 private:
  [[nodiscard]] Result<> start_core(const std::string& bind_address, std::uint32_t table_size);
  [[nodiscard]] Result<> listen_tls(std::uint16_t port, ReHandle<tls> context);
  [[nodiscard]] Result<> listen_plain(std::uint16_t port);
  [[nodiscard]] Result<> bind_failed(const char* transport, std::uint16_t port, int error) const;
  void abandon_start() noexcept;

  void on_invite(const sip_msg& message);
  [[nodiscard]] bool on_request(const sip_msg& message);
  void reply(const sip_msg& message, std::uint16_t status, const char* reason) const;
  [[nodiscard]] bool refuse(const sip_msg& message) const;
  [[nodiscard]] bool refuse_invite(const sip_msg& message);
  void on_update(const sip_msg& message);
  void on_notify(const sip_msg& message);
  void on_options(const sip_msg& message) const;
  void tell(bool sent, sip_transp transport, std::string_view packet) const;
  void on_sent(std::string_view packet);
  void on_received(std::string_view packet);
  void on_connection_lost();
  void keep_alive();
  void keep_alive_after(std::chrono::milliseconds delay);
  void on_keep_alive_answer(std::uint64_t probe, bool answered);
  [[nodiscard]] std::vector<std::uint64_t> session_ids() const;
  void give_up_goodbyes();
  void force_close();
  void release();
  [[nodiscard]] Session* session_of(const sip_msg& message) noexcept;

  std::shared_ptr<Loop::Impl> loop_;
  std::shared_ptr<Stack> self_;
  TlsWatch watch_;
  std::unique_ptr<UdpGuard> guard_{};
  std::unique_ptr<StreamGuard> stream_guard_{};
  ReHandle<tls> tls_;
  ReHandle<SipCore> sip_;
  ReHandle<sipsess_sock> sessions_socket_;
  sip_lsnr* request_listener_ = nullptr;  // libre clears it when the listener goes
  sa local_{};
  std::string bind_address_;
  std::string contact_user_;
  std::chrono::milliseconds connect_timeout_{};
  std::chrono::milliseconds keep_alive_interval_{};
  std::uint16_t tls_port_ = 0;
  std::uint16_t udp_port_ = 0;
  bool server_ = false;
  bool trying_at_once_ = true;
  bool takes_offers_ = true;
  bool session_timers_ = false;
  bool answers_options_ = true;
  bool closing_ = false;
  bool exited_ = false;
  ServerQuirks quirks_;
  OnArrival on_arrival_;
  OnMessage tap_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Session>> sessions_;
  std::unordered_map<std::string, std::uint64_t> by_call_id_;
  std::vector<std::unique_ptr<Session>> retired_;
  std::vector<std::function<void()>> on_closed_;
  std::set<std::string> flow_hosts_;
  Session* connecting_ = nullptr;
  std::uint64_t next_arrival_ = 1;
  tmr retire_timer_{};
  tmr close_timer_{};
  tmr keep_alive_timer_{};
  std::uint64_t probe_ = 0;  ///< The OPTIONS under way; 0: none.
  std::uint64_t last_probe_ = 0;
  int probes_failed_ = 0;  ///< In a row.
};

}  // namespace offhook::sip
