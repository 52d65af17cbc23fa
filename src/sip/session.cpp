#include "sip/session.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/printable.hpp"
#include "sip/stack.hpp"

namespace offhook::sip {
namespace {

constexpr std::size_t longest_reason = 300;

/// The longest that libre waits for the answer to a request: Timer F (RFC 3261 section 17.1.2.2).
constexpr std::chrono::seconds transaction_limit{32};

/// What the answer to REFER needs, which may come after its session is gone.
struct ReferRequest {
  std::weak_ptr<Stack> stack;
  std::uint64_t id;
  std::string contact_user;
};

int write_contact(
    sip_transp transport, const sa* source, const sa*, mbuf* buffer, void* request) noexcept {
  sip_contact contact{};
  sip_contact_set(&contact, static_cast<ReferRequest*>(request)->contact_user.c_str(), source,
                  transport);
  return mbuf_printf(buffer, "%H", sip_contact_print, &contact);
}

void on_refer_response(int error, const sip_msg* message, void* arg) noexcept {
  if (error == 0 && message != nullptr && message->scode < 200) {
    return;
  }
  const std::unique_ptr<ReferRequest> request{static_cast<ReferRequest*>(arg)};
  const auto stack = request->stack.lock();
  Session* session = stack == nullptr ? nullptr : stack->find(request->id);
  if (session != nullptr) {
    session->on_refer_progress(message == nullptr ? 408 : message->scode,
                               message == nullptr ? std::strerror(error) : reason_of(*message));
  }
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == '\r' || c == '\n' || c == '\t' || c == ' ';
    if (!space) {
      line += c == '\0' ? '?' : c;
    } else if (!line.empty() && (c == ' ' || line.back() != ' ')) {
      line += ' ';
    }
  }
  while (line.ends_with(' ')) {
    line.pop_back();
  }
  return line;
}

std::string body_of(const sip_msg& message) { return std::string{rest_of(message.mb)}; }

std::string reason_of(const sip_msg& message) {
  std::string text{view(message.reason)};
  for (const sip_hdrid id : {SIP_HDR_REASON, SIP_HDR_WARNING}) {
    if (const sip_hdr* header = sip_msg_hdr(&message, id)) {
      text += " (" + std::string{view(header->name)} + ": " + one_line(view(header->val)) + ')';
    }
  }
  return printable(text, longest_reason);
}

Session::Session(Stack& stack, std::uint64_t id, EventSink events)
    : stack_{stack}, id_{id}, events_{std::move(events)} {}

Session::~Session() {
  tmr_cancel(&connect_timer_);
  tmr_cancel(&ignore_timer_);
  tmr_cancel(&refresh_timer_);
  session_.reset();
  mem_deref(transaction_);
}

bool Session::matches(const sip_msg& message) const noexcept {
  return session_ != nullptr && sip_dialog_cmp(dialog(), &message);
}

void Session::emit(CallEvent event) {
  if (!ended_ && events_) {
    event.at = std::chrono::steady_clock::now();
    event.reason = printable(event.reason, longest_reason);
    events_(std::move(event), call_id_);
  }
}

void Session::finish(CallEvent event) {
  if (ended_) {
    return;
  }
  emit(std::move(event));
  ended_ = true;
  tmr_cancel(&connect_timer_);
  tmr_cancel(&ignore_timer_);
  tmr_cancel(&refresh_timer_);
  session_.reset();  // BYE or CANCEL, when the peer still expects one
  stack_.retire(id_);
}

void Session::fail_call(Error error, int status, std::string reason) {
  CallEvent event;
  const bool answered = stage_ == Stage::established || stage_ == Stage::leaving;
  event.kind = outgoing_ && !answered ? CallEvent::Kind::failed : CallEvent::Kind::closed;
  event.status = status;
  event.reason = std::move(reason);
  event.error = std::move(error);
  finish(std::move(event));
}

void Session::hang_up() {
  if (stage_ == Stage::pending) {
    reject(603, "Decline");
    return;
  }
  if (stage_ == Stage::leaving || stage_ == Stage::ignored) {
    return;
  }
  if (stage_ == Stage::established && session_ != nullptr) {
    stage_ = Stage::leaving;
    left_at_ = std::chrono::steady_clock::now();
    session_.reset();  // libre sends BYE, and keeps what it needs until that is through
    return;
  }
  CallEvent event;
  event.reason = "hung up here";
  const bool unanswered = stage_ == Stage::resolving || stage_ == Stage::inviting;
  event.kind = unanswered ? CallEvent::Kind::failed : CallEvent::Kind::closed;
  if (unanswered) {
    event.reason = "cancelled here";
    event.error = Error{Errc::peer_closed, "sip: the call was given up before it was answered"};
  }
  finish(std::move(event));
}

void Session::on_goodbye_answered() {
  if (stage_ == Stage::leaving) {
    CallEvent event;
    event.kind = CallEvent::Kind::closed;
    event.reason = "hung up here";
    finish(std::move(event));
  }
}

void Session::on_goodbye_over() {
  const auto waited = std::chrono::steady_clock::now() - left_at_;
  goodbye_failed(waited < transaction_limit ? Errc::unreachable : Errc::timed_out);
}

void Session::goodbye_failed(Errc why) {
  if (stage_ == Stage::leaving) {
    fail_call({why, "sip: BYE was not answered"}, 0, "hung up here");
  }
}

void Session::on_peer_lost() {
  if (outgoing_ && stage_ == Stage::established) {
    fail_call({Errc::unreachable, "sip: the connection to " + peer_ + " is lost"}, 0, {});
  }
}

void Session::shut_down() {
  if (stage_ == Stage::pending) {
    reject(503, "Service Unavailable");
  } else if (stage_ == Stage::ignored) {
    end_silently("ignored here");
  } else {
    hang_up();
  }
}

void Session::refer(const std::string& target) {
  if (ended_ || session_ == nullptr || !sip_dialog_established(dialog())) {
    return;
  }
  auto request = std::make_unique<ReferRequest>(
      ReferRequest{stack_.weak_from_this(), id_, stack_.contact_user()});
  // No pointer to the request is asked for: libre would write through it when the request ends.
  const int error = sip_drequestf(
      nullptr, stack_.core(), true, "REFER", dialog(), 0, nullptr, write_contact, on_refer_response,
      request.get(), "Refer-To: %s\r\nContent-Length: 0\r\n\r\n", one_line(target).c_str());
  if (error == 0) {
    static_cast<void>(request.release());  // deleted with the final response
  } else {
    on_refer_progress(503, std::strerror(error));
  }
}

void Session::on_refer_progress(int status, std::string reason) {
  CallEvent event;
  event.kind = CallEvent::Kind::referred;
  event.status = status;
  event.reason = std::move(reason);
  emit(std::move(event));
}

void Session::on_refer_request(std::string target) {
  CallEvent event;
  event.kind = CallEvent::Kind::refer;
  event.reason = std::move(target);
  emit(std::move(event));
}

void Session::on_established(const sip_msg& message) {
  stage_ = Stage::established;
  CallEvent event;
  if (outgoing_) {
    tmr_cancel(&connect_timer_);
    event.kind = CallEvent::Kind::answered;
    event.status = message.scode;
    event.reason = view(message.reason);
    event.sdp = answer_sdp_;
    stack_.start_keep_alive();
  } else {
    event.kind = CallEvent::Kind::confirmed;
    event.sdp = answer_sdp_;
  }
  emit(std::move(event));
}

void Session::on_info(const sip_msg& message) {
  static_cast<void>(sip_treply(nullptr, stack_.core(), &message, 200, "OK"));
}

Error Session::describe(int error, const sip_msg* message) const {
  const std::string to = peer_.empty() ? "the caller" : peer_;
  if (message != nullptr && message->scode >= 300) {
    const std::string status = std::to_string(message->scode);
    return {Errc::refused, "sip: " + to + " answered " + status + ' ' + reason_of(*message),
            message->scode};
  }
  switch (error) {
    case EPROTO:
      if (outgoing_ && !sent_) {
        return tls_error(stack_.watch(), to);
      }
      return {Errc::malformed_message, "sip: " + to + " broke the protocol"};
    case EBADMSG:
      return {Errc::malformed_message, "sip: " + to + " answered without a usable Contact"};
    case ETIMEDOUT:
      return {Errc::timed_out, sent_ || !outgoing_
                                   ? "sip: no answer from " + to + " within 32 s"
                                   : "sip: no connection to " + to + "; check --sip-target"};
    case ENOSYS:
    case EPROTONOSUPPORT:
      return {Errc::unsupported, "sip: " + to + " wants a transport other than TLS"};
    case EDESTADDRREQ:
    case ENOENT: return {Errc::not_found, "sip: cannot resolve " + host_ + "; check --sip-target"};
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
      if (sent_) {
        return {Errc::peer_closed, "sip: " + to + " closed the connection"};
      }
      return {Errc::unreachable, "sip: " + to +
                                     " closed the connection before the call was sent; "
                                     "is this a SIP/TLS port?"};
    default:
      return {Errc::unreachable, "sip: cannot connect to " + to + " (" + std::strerror(error) +
                                     "); check --sip-target"};
  }
}

void Session::on_closed(int error, const sip_msg* message) {
  const bool in_dialog = stage_ == Stage::established || stage_ == Stage::accepted;
  if (in_dialog && error == ECONNRESET && message == nullptr) {
    CallEvent event;  // how libre reports a BYE
    event.kind = CallEvent::Kind::closed;
    event.reason = "BYE";
    finish(std::move(event));
    return;
  }
  Error failure = describe(error, message);
  if (stage_ == Stage::accepted && error == ETIMEDOUT) {
    failure.detail = "sip: the caller did not acknowledge our answer within 32 s";
  }
  if (failure.code == Errc::unreachable && outgoing_) {
    stack_.loop().resolver().mark_unreachable(host_);
  }
  const int status = message == nullptr ? 0 : message->scode;
  fail_call(std::move(failure), status, message == nullptr ? "" : reason_of(*message));
}

}  // namespace offhook::sip
