// What a stack does with requests that come in, and the ones it sends by itself.
#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/random.hpp"
#include "sip/request_check.hpp"
#include "sip/stack.hpp"

namespace offhook::sip {
namespace {

/// So many keep-alives without any answer, and the peer is lost to its calls.
constexpr int probes_until_lost = 2;
constexpr std::chrono::milliseconds probe_again{2'000};

/// Of every header in wire order; a folded value becomes one line.
std::vector<SipHeader> headers_of(const sip_msg& message) {
  std::vector<SipHeader> headers;
  for (const le* entry = list_head(&message.hdrl); entry != nullptr; entry = entry->next) {
    const auto* header = static_cast<const sip_hdr*>(entry->data);
    headers.push_back({std::string{view(header->name)}, one_line(view(header->val))});
  }
  return headers;
}

/// RFC 3261 section 21.4.6 and 21.5.2: methods that are known, and not for us.
bool is_known_method(std::string_view method) {
  constexpr std::array<std::string_view, 6> known{"REGISTER", "MESSAGE", "SUBSCRIBE",
                                                  "PUBLISH",  "PRACK",   "REFER"};
  return std::ranges::find(known, method) != known.end();
}

bool is(const sip_msg& message, const char* method) { return pl_strcmp(&message.met, method) == 0; }

/// "SIP/2.0 200 OK" (message/sipfrag, RFC 3420)
std::pair<int, std::string> read_fragment(std::string_view text) {
  constexpr std::string_view version = "SIP/2.0 ";
  int status = 0;
  if (!text.starts_with(version)) {
    return {0, {}};
  }
  text = text.substr(version.size(), text.find_first_of("\r\n") - version.size());
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), status);
  if (failure != std::errc{} || status < 100 || status > 699) {
    return {0, {}};
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return {status, one_line(text.substr(std::min(text.find_first_not_of(' '), text.size())))};
}

}  // namespace

void Stack::reply(const sip_msg& message, std::uint16_t status, const char* reason) const {
  static_cast<void>(sip_treply(nullptr, sip_.get(), &message, status, reason));
}

Session* Stack::session_of(const sip_msg& message) noexcept {
  const auto found = by_call_id_.find(std::string{view(message.callid)});
  Session* session = found == by_call_id_.end() ? nullptr : find(found->second);
  return session != nullptr && session->matches(message) ? session : nullptr;
}

/// Without a transaction: what is malformed may lack what transactions are told apart by.
bool Stack::refuse(const sip_msg& message) const {
  const auto refusal = server_ && !is(message, "ACK") ? check_request(message) : std::nullopt;
  if (refusal && refusal->status != 0) {
    static_cast<void>(sip_replyf(sip_.get(), &message, refusal->status, refusal->reason.c_str(),
                                 "%sContent-Length: 0\r\n\r\n", refusal->headers.c_str()));
  }
  return refusal.has_value();
}

bool Stack::refuse_invite(const sip_msg& message) {
  if (closing_ || !server_) {
    reply(message, closing_ ? 503 : 486, closing_ ? "Service Unavailable" : "Busy Here");
    return true;
  }
  sip_addr contact{};
  const sip_hdr* header = sip_msg_hdr(&message, SIP_HDR_CONTACT);
  if (header == nullptr || sip_addr_decode(&contact, &header->val) != 0) {
    reply(message, 400, "Missing Contact");
    return true;
  }
  return false;
}

void Stack::on_invite(const sip_msg& message) {
  tune(message);
  if (refuse_invite(message)) {
    return;
  }
  const std::uint64_t id = next_arrival_++;
  auto session = std::make_unique<Session>(*this, id, nullptr);
  if (!session->hold(message)) {
    reply(message, 500, "Server Internal Error");
    return;
  }
  Session& call = *session;
  if (trying_at_once_) {
    call.trying();
  }
  by_call_id_[call.call_id()] = id;
  sessions_.emplace(id, std::move(session));
  Arrival arrival;
  arrival.id = id;
  arrival.call_id = call.call_id();
  arrival.request_user = view(message.uri.user);
  arrival.headers = headers_of(message);
  arrival.sdp = body_of(message);
  arrival.transport = sip_transp_name(message.tp);
  call.set_sink(on_arrival_(std::move(arrival)));
}

bool Stack::on_request(const sip_msg& message) {
  if (refuse(message)) {
    return true;
  }
  const bool within_dialog = pl_isset(&message.to.tag);
  if (is(message, "INVITE") || is(message, "ACK") || is(message, "BYE") ||
      (within_dialog && (is(message, "INFO") || is(message, "REFER")))) {
    return false;
  }
  if (is(message, "OPTIONS")) {
    if (answers_options_) {
      on_options(message);
    }
  } else if (is(message, "UPDATE")) {
    on_update(message);
  } else if (is(message, "NOTIFY")) {
    on_notify(message);
  } else if (is(message, "CANCEL")) {
    static_cast<void>(sip_reply(sip_.get(), &message, 481, "Transaction Does Not Exist"));
  } else {
    const bool known = is_known_method(view(message.met));
    static_cast<void>(sip_treplyf(nullptr, nullptr, sip_.get(), &message, false, known ? 405 : 501,
                                  known ? "Method Not Allowed" : "Not Implemented",
                                  "%sContent-Length: 0\r\n\r\n", allow_header));
  }
  return true;
}

void Stack::on_options(const sip_msg& message) const {
  static_cast<void>(sip_treplyf(nullptr, nullptr, sip_.get(), &message, false, 200, "OK",
                                "%sAccept: application/sdp\r\nContent-Length: 0\r\n\r\n",
                                allow_header));
}

void Stack::on_update(const sip_msg& message) {
  Session* session = session_of(message);
  if (session == nullptr) {
    reply(message, 481, "Call Does Not Exist");
    return;
  }
  if (!sip_dialog_rseq_valid(session->dialog(), &message)) {
    reply(message, 500, "Server Internal Error");
    return;
  }
  std::string sdp;
  if (const std::string offer = body_of(message); !offer.empty()) {
    auto answer = session->answer_offer_within(offer);
    if (!answer) {
      reply(message, 488, "Not Acceptable Here");
      return;
    }
    sdp = std::move(*answer);
  }
  static_cast<void>(sip_dialog_update(session->dialog(), &message));
  sip_contact contact{};
  sip_contact_set(&contact, contact_user_.c_str(), &message.dst, message.tp);
  session->refresh();
  const sip_hdr* expires = sip_msg_hdr(&message, SIP_HDR_SESSION_EXPIRES);
  const bool silent = expires == nullptr || (server_ && !session_timers_);
  const std::string timer =
      silent ? std::string{}
             : "Require: timer\r\nSession-Expires: " + one_line(view(expires->val)) + "\r\n";
  static_cast<void>(
      sip_treplyf(nullptr, nullptr, sip_.get(), &message, true, 200, "OK",
                  "%H%s%sContent-Length: %zu\r\n\r\n%s", sip_contact_print, &contact, timer.c_str(),
                  sdp.empty() ? "" : "Content-Type: application/sdp\r\n", sdp.size(), sdp.c_str()));
}

void Stack::on_notify(const sip_msg& message) {
  Session* session = session_of(message);
  if (session == nullptr) {
    reply(message, 481, "Subscription Does Not Exist");
    return;
  }
  reply(message, 200, "OK");
  auto [status, reason] = read_fragment(body_of(message));
  if (status >= 200) {
    session->on_refer_progress(status, std::move(reason));
  }
}

/// libre sends what belongs to a dialog to the other side's Contact. That is no use where the
/// Contact leaves out ";transport=tls", says "sips:", or names a port that is only right on the
/// other side of a relay; and a callee would always open a connection of its own to its caller. So
/// requests stay on the connection that the dialog was made on, while their Request-URI remains the
/// Contact. A proxy that asked to stay in the path (Record-Route) is respected.
void Stack::keep_to_flow(sip_dialog* dialog, const sip_msg& message) {
  if (message.tp == SIP_TRANSP_UDP || sip_msg_hdr(&message, SIP_HDR_RECORD_ROUTE) != nullptr) {
    return;
  }
  // Dialogs outlive our sessions until their BYE is through; the texts last as long as the stack.
  const std::string& host = *flow_hosts_.insert(host_of(message.src)).first;
  const char* transport = sip_transp_param(message.tp);
  uri flow{};
  pl_set_str(&flow.scheme, "sip");
  flow.host = pl{host.data(), host.size()};
  flow.af = sa_af(&message.src);
  flow.port = sa_port(&message.src);
  pl_set_str(&flow.params, transport);
  // A later Contact changes the route only when the route came from a Contact, so this one stays.
  *const_cast<uri*>(sip_dialog_route(dialog)) = flow;
}

void Stack::start_keep_alive() {
  if (!tmr_isrunning(&keep_alive_timer_)) {
    keep_alive_after(keep_alive_interval_);
  }
}

void Stack::keep_alive_after(std::chrono::milliseconds delay) {
  tmr_start(
      &keep_alive_timer_, static_cast<std::uint64_t>(delay.count()),
      [](void* self) noexcept { static_cast<Stack*>(self)->keep_alive(); }, this);
}

/// libre closes a connection 900 s after the last message that came in on it. The answer to
/// OPTIONS is such a message, whatever its status. It also opens a connection that was lost again.
void Stack::keep_alive() {
  const Session* any = nullptr;
  for (const auto& [id, session] : sessions_) {
    any = session->outgoing() && session->established() ? session.get() : any;
  }
  if (sessions_.empty() || closing_) {
    return;
  }
  start_keep_alive();
  if (any == nullptr || probe_ != 0) {
    return;
  }
  struct Probe {
    std::weak_ptr<Stack> stack;
    std::uint64_t number;
  };
  const auto on_answer = [](int error, const sip_msg* message, void* arg) noexcept {
    if (error == 0 && message != nullptr && message->scode < 200) {
      return;
    }
    const std::unique_ptr<Probe> probe{static_cast<Probe*>(arg)};
    if (const auto stack = probe->stack.lock()) {
      stack->on_keep_alive_answer(probe->number, message != nullptr);
    }
  };
  probe_ = ++last_probe_;
  auto probe = std::make_unique<Probe>(Probe{weak_from_this(), probe_});
  const std::string self = "sip:" + contact_user_ + '@' + uri_host_of(local_);
  const int error = sip_requestf(
      nullptr, sip_.get(), true, "OPTIONS", any->target().c_str(), nullptr, nullptr, nullptr,
      on_answer, probe.get(),
      "To: <%s>\r\nFrom: <%s>;tag=%s\r\nCall-ID: %s\r\nCSeq: 1 OPTIONS\r\n"
      "Accept: application/sdp\r\nContent-Length: 0\r\n\r\n",
      any->target().c_str(), self.c_str(), random_hex(8).c_str(), random_hex(16).c_str());
  if (error == 0) {
    static_cast<void>(probe.release());  // deleted with the final response
  } else {
    on_keep_alive_answer(probe_, false);
  }
}

void Stack::on_keep_alive_answer(std::uint64_t probe, bool answered) {
  if (probe != probe_ || closing_) {
    return;
  }
  probe_ = 0;
  if (answered) {
    probes_failed_ = 0;
    return;
  }
  if (++probes_failed_ < probes_until_lost) {
    keep_alive_after(std::min(keep_alive_interval_, probe_again));
    return;
  }
  probes_failed_ = 0;
  for (const std::uint64_t id : session_ids()) {
    if (Session* session = find(id)) {
      session->on_peer_lost();
    }
  }
}

}  // namespace offhook::sip
