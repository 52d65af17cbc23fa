#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "sip/loop.hpp"
#include "sip/sdp.hpp"

namespace offhook::sip {

struct SipHeader {
  std::string name;
  std::string value;
};

/// A message as it went over the wire, secrets included.
struct WireMessage {
  bool sent = false;
  std::string text;       ///< Its first 64 KiB.
  std::string transport;  ///< "TLS", "TCP", "UDP".
  std::chrono::steady_clock::time_point at{};
};

/// Called on the control executor with every message, before what it brings about.
using OnWireMessage = std::function<void(const WireMessage&)>;

/// An endpoint that only calls, over TLS to one upstream name. Its certificate is always verified,
/// against `ca_file` or the system's trust anchors, and by `server_name`, which is also sent as
/// SNI.
struct TlsClientConfig {
  std::string server_name;                 ///< Name that the peer's certificate must carry.
  std::string ca_file{};                   ///< PEM; empty: the system's.
  std::string bind_address = "127.0.0.1";  ///< Local IP literal for Via, Contact and the socket.
  /// From the INVITE to its leaving on a connection whose TLS handshake is done.
  std::chrono::milliseconds connect_timeout{10'000};
  /// OPTIONS so often while calls exist; without messages libre closes a connection after 15 min.
  /// Two in a row without any answer: the calls end with `unreachable`. A connection that is lost
  /// is tried at once, and once more 2 s later.
  std::chrono::milliseconds keep_alive_interval{30'000};
  OnWireMessage on_message{};  ///< Nothing: messages are not told.
};

/// An endpoint that is called: TLS and, where a phone has none, UDP and TCP.
struct ServerConfig {
  std::string bind_address = "127.0.0.1";
  std::optional<std::uint16_t> tls_port{};  ///< 0: any free port. Absent: no TLS.
  std::string tls_cert_file{};              ///< PEM chain and key in one file.
  std::optional<std::uint16_t> udp_port{};  ///< UDP and TCP. 0: any free port. Absent: neither.
  std::string contact_user = "OAI";         ///< User part of our Contact.
  bool takes_offers = true;                 ///< re-INVITE and UPDATE with SDP; false: 488.
  bool session_timers = true;   ///< RFC 4028, where the caller refreshes; false: not even named.
  bool answers_options = true;  ///< False: they get no response.
  bool trying_at_once = true;   ///< 100 Trying to every INVITE; false: `Call::trying` sends it.
  OnWireMessage on_message{};   ///< Nothing: messages are not told.
};

/// What happens to a call after it began. Delivered in order on the control executor.
struct CallEvent {
  enum class Kind : std::uint8_t {
    sent,         ///< Our INVITE was handed to the connection (once connected).
    progress,     ///< 1xx: `status`, `reason`; `sdp` of a 183 if any.
    answered,     ///< 2xx to our INVITE: `sdp` is the answer; ACK has been sent.
    confirmed,    ///< Called side: the ACK came; `sdp` is its body, if our answer was the offer.
    failed,       ///< The INVITE failed: `status` when the peer answered, else `error`.
    media_offer,  ///< re-INVITE or UPDATE was answered within; `media` is what holds now.
    refer,        ///< REFER came (answered 501: not supported here); `reason` is Refer-To.
    referred,     ///< We sent REFER: `status` of its final response, and then, when that was 2xx,
                  ///< of each final NOTIFY (the outcome of the transfer).
    closed,       ///< BYE or CANCEL by the peer (`status` 0), our own hang-up or refusal, or the
                  ///< dialog failed (`error`): `unreachable` when the connection is lost.
  };
  Kind kind = Kind::progress;
  int status = 0;
  std::string reason{};
  std::string sdp{};
  std::optional<NegotiatedMedia> media{};
  std::optional<Error> error{};
  std::chrono::steady_clock::time_point at{};  ///< When the SIP thread saw it.
};

/// Deviations that a server endpoint can be told to show, because peers have been seen with them.
struct ServerQuirks {
  bool omit_content_type = false;  ///< 200 OK whose SDP body has no Content-Type.
  bool sips_contact = false;       ///< 200 OK whose Contact is a sips: address.
};

/// One call, either direction. A handle for the control thread; the SIP thread does the work.
/// Destroying it ends the call as fits its state: CANCEL, 603 Decline, or BYE.
class Call {
 public:
  class Impl;
  explicit Call(std::shared_ptr<Impl> impl);
  Call(Call&&) noexcept;
  Call& operator=(Call&&) noexcept;
  ~Call();

  /// Waits for the next event. After `failed` or `closed` there is none; calling again returns
  /// `closed`. Cancellable, without losing an event. One caller at a time.
  ///
  /// After `hang_up` of an established call `closed` comes once the BYE is through: without `error`
  /// when the peer sent a final response, else with "sip: BYE was not answered" as `timed_out`
  /// (after 32 s, or when `Endpoint::close` gives up) or `unreachable` (no connection).
  [[nodiscard]] boost::asio::awaitable<CallEvent> next_event();

  /// Called side: 100 Trying, where it was not sent at once.
  void trying();
  /// Called side: the INVITE gets no response at all, however often it comes. `closed` follows when
  /// its caller must have given up (RFC 3261 section 17.1.1.2, Timer B).
  void ignore();
  /// Called side, before the answer: nothing is sent any more, and a CANCEL that comes later gets
  /// 481. `closed` follows.
  void forget();
  /// Called side: 180 Ringing.
  void ring();
  /// Called side: refuses with a final status 300 to 699.
  void reject(int status, std::string reason);
  /// Called side: 200 OK with `sdp`. Later re-INVITEs are answered from `capabilities`.
  /// @param quirks  Of this answer, besides those of the endpoint.
  void answer(std::string sdp,
              MediaCapabilities capabilities,
              NegotiatedMedia media,
              ServerQuirks quirks = {});
  /// Calling side, after `answered`: what later re-INVITEs are answered from.
  void set_media(MediaCapabilities capabilities, NegotiatedMedia media);
  /// Ends the call: CANCEL before the answer, BYE after it. `closed` or `failed` follows.
  void hang_up();
  /// Sends REFER in the dialog (RFC 3515) with `refer_to` verbatim. `referred` follows.
  void refer(std::string refer_to);

  /// SIP Call-ID. Calling side: empty until the first event has arrived.
  [[nodiscard]] const std::string& call_id() const noexcept;

 private:
  std::shared_ptr<Impl> impl_;
};

/// An INVITE that came in, not yet answered (100 Trying has been sent, unless the server is to
/// wait).
struct IncomingCall {
  Call call;
  std::string request_user;        ///< User part of the Request-URI.
  std::vector<SipHeader> headers;  ///< All of the INVITE, in wire order, spelling kept.
  std::string sdp;                 ///< Body; empty when there is none.
  std::string transport;           ///< "TLS", "TCP", "UDP".
};

/// For a peer that asks who calls: digest authentication (RFC 3261 section 22).
struct SipCredentials {
  std::string username;
  Secret password;
};

struct InviteOptions {
  std::string target;  ///< "sip:proj_x@sip.api.openai.com;transport=tls"
  std::string from_user = "offhook";
  std::vector<SipHeader> headers{};  ///< Additional header fields, for instance X-Offhook-Call.
  std::string sdp;
  std::optional<SipCredentials> credentials{};  ///< For 401 and 407; without: the call fails.
};

/// One SIP user agent on a `Loop`. Created, used and destroyed on the control thread.
class Endpoint {
 public:
  /// @return `not_found` for a CA file that does not exist; `invalid_argument` for an unusable CA
  ///         file, name or address.
  [[nodiscard]] static Result<std::unique_ptr<Endpoint>> start_client(
      Loop& loop, const boost::asio::any_io_executor& control, TlsClientConfig config);

  /// @param on_incoming  Called on `control` for every INVITE outside a dialog.
  [[nodiscard]] static Result<std::unique_ptr<Endpoint>> start_server(
      Loop& loop,
      const boost::asio::any_io_executor& control,
      ServerConfig config,
      ServerQuirks quirks,
      std::function<void(IncomingCall)> on_incoming);

  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;
  /// Ends what is left at once. Prefer `close`.
  ~Endpoint();

  /// Sends an INVITE. Failures, also of connecting, come as the call's `failed` event with an Error
  /// whose code tells them apart: `not_found` (host name), `unreachable`, `authentication_failed`
  /// (TLS; the detail has the reason, such as "certificate has expired"), `timed_out`, `refused`.
  [[nodiscard]] Call invite(InviteOptions options);

  /// Hangs up every call and waits, at most `limit`, until the goodbyes are through.
  boost::asio::awaitable<void> close(std::chrono::milliseconds limit);

  [[nodiscard]] std::uint16_t tls_port() const noexcept;  ///< Really bound; 0 when there is none.
  [[nodiscard]] std::uint16_t udp_port() const noexcept;

 private:
  class Impl;
  explicit Endpoint(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

/// Local address that the system would use to reach `host` ("127.0.0.1" for loopback), for Via,
/// Contact and SDP. @return `not_found` when the name does not resolve: "sip: cannot resolve …".
[[nodiscard]] boost::asio::awaitable<Result<std::string>> local_address_towards(std::string host,
                                                                                std::uint16_t port);

}  // namespace offhook::sip
