#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "sip/endpoint.hpp"
#include "sip/libre.hpp"
#include "sip/sdp.hpp"

namespace offhook::sip {

class Stack;
struct SessionCallbacks;

/// Takes a session's events, with its Call-ID, to the control thread. Called on the SIP thread.
using EventSink = std::function<void(CallEvent, const std::string& call_id)>;

/// One call, either direction, from INVITE to its last event. Owned by `Stack`; SIP thread only.
///
/// libre calls back from within its own functions, and must not find an object gone that it is
/// about to use. So a session never dies inside a callback: `finish` drops libre's objects, which
/// end their callbacks, and the stack destroys the session from a timer.
class Session {
  friend struct SessionCallbacks;

 public:
  Session(Stack& stack, std::uint64_t id, EventSink events);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  /// Calling side: resolves the target and sends the INVITE.
  void call(InviteOptions options);
  /// Called side: keeps `message` until one of the next is called.
  [[nodiscard]] bool hold(const sip_msg& message);

  void trying();
  void ignore();
  void forget();
  void ring();
  void reject(int status, const std::string& reason);
  void answer(const std::string& sdp,
              MediaCapabilities capabilities,
              NegotiatedMedia media,
              ServerQuirks quirks);
  void set_media(MediaCapabilities capabilities, NegotiatedMedia media);
  void hang_up();
  void refer(const std::string& target);
  /// The whole stack ends: 503 to a caller that still waits.
  void shut_down();

  /// The caller shows by a re-INVITE or UPDATE that it is there (RFC 4028).
  void refresh();

  // What the stack tells:
  void on_invite_sent(std::string call_id);
  void on_connection_lost();
  /// The peer sent a final response to our BYE.
  void on_goodbye_answered();
  /// libre has given the BYE up, or is done with it.
  void on_goodbye_over();
  /// Ends a call whose BYE still waits for its answer.
  void goodbye_failed(Errc why);
  /// Nothing reaches the peer any more.
  void on_peer_lost();
  void on_refer_progress(int status, std::string reason);
  void on_refer_request(std::string target);
  void set_sink(EventSink events) { events_ = std::move(events); }

  /// Answers an offer within the dialog from what `answer` or `set_media` left.
  [[nodiscard]] Result<std::string> answer_offer_within(std::string_view offer);
  [[nodiscard]] const std::string& call_id() const noexcept { return call_id_; }
  [[nodiscard]] bool matches(const sip_msg& message) const noexcept;
  [[nodiscard]] sip_dialog* dialog() const noexcept { return sipsess_dialog(session_.get()); }
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  [[nodiscard]] bool leaving() const noexcept { return stage_ == Stage::leaving && !ended_; }
  [[nodiscard]] bool outgoing() const noexcept { return outgoing_; }
  [[nodiscard]] bool established() const noexcept { return stage_ == Stage::established; }
  [[nodiscard]] const std::string& target() const noexcept { return options_.target; }
  [[nodiscard]] const std::optional<SipCredentials>& credentials() const noexcept {
    return options_.credentials;
  }

 private:
  enum class Stage { resolving, inviting, pending, ignored, accepted, established, leaving };

  [[nodiscard]] Result<> read_target();
  void on_resolved(bool found, const std::string& reason);
  void send_invite();
  [[nodiscard]] std::string invite_headers() const;
  [[nodiscard]] int send_ok(mbuf* body, const std::string& sdp, ServerQuirks quirks);
  [[nodiscard]] std::string agree_on_refresh();
  void cancelled();
  void end_silently(std::string why);

  void emit(CallEvent event);
  void finish(CallEvent event);
  void fail_call(Error error, int status, std::string reason);
  void remember_origin(std::string_view sdp);
  [[nodiscard]] std::string offer_again();
  void take_answer(std::string_view sdp);

  void on_progress(const sip_msg& message);
  [[nodiscard]] int on_offer(mbuf** body, const sip_msg& message);
  [[nodiscard]] int on_answer(const sip_msg& message);
  void on_established(const sip_msg& message);
  void on_closed(int error, const sip_msg* message);
  void on_info(const sip_msg& message);
  [[nodiscard]] Error describe(int error, const sip_msg* message) const;

  Stack& stack_;
  std::uint64_t id_;
  EventSink events_;
  std::string call_id_;
  Stage stage_ = Stage::resolving;
  bool outgoing_ = false;
  bool sent_ = false;
  bool ended_ = false;
  std::chrono::steady_clock::time_point left_at_{};

  // Calling side:
  InviteOptions options_;
  std::string host_;
  std::string peer_;  ///< "host:port" for messages.
  std::string answer_sdp_;
  tmr connect_timer_{};

  // Called side, until it is answered:
  ReHandle<sip_msg> invite_;
  sip_strans* transaction_ = nullptr;
  tmr ignore_timer_{};
  std::chrono::seconds refresh_interval_{};  ///< 0: the caller need not refresh.
  tmr refresh_timer_{};

  ReHandle<sipsess> session_;
  std::optional<MediaCapabilities> capabilities_;
  NegotiatedMedia media_;
  std::optional<MediaOffer> offered_again_;
};

/// Header text without line breaks, which would let a value add headers of its own.
[[nodiscard]] std::string one_line(std::string_view text);

/// The body of `message`.
[[nodiscard]] std::string body_of(const sip_msg& message);

/// Reason phrase, with the text of Reason and Warning headers: one printable line.
[[nodiscard]] std::string reason_of(const sip_msg& message);

/// What we understand, for Allow.
inline constexpr const char* allow_header =
    "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, NOTIFY\r\n";

}  // namespace offhook::sip
