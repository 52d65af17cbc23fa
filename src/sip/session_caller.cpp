// The calling side of a session: from a target to the answer.
#include <chrono>
#include <utility>

#include "sip/session.hpp"
#include "sip/session_callbacks.hpp"
#include "sip/sip_target.hpp"
#include "sip/stack.hpp"

namespace offhook::sip {
namespace {

/// The user part of a URI: what may not stand there as it is, is escaped (RFC 3261 section 25.1).
std::string escape_user(std::string_view user) {
  constexpr std::string_view allowed = "-_.!~*'()&=+$,";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const char c : user) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || allowed.find(c) != std::string_view::npos) {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += {'%', digits[byte >> 4U], digits[byte & 0xFU]};
    }
  }
  return text.empty() ? "offhook" : text;
}

bool is_token(std::string_view name) {
  constexpr std::string_view allowed = "-.!%*_+`'~";
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && allowed.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return !name.empty();
}

}  // namespace

Result<> Session::read_target() {
  auto target = parse_sip_target(options_.target);
  if (!target) {
    return fail(std::move(target).error());
  }
  for (const SipHeader& header : options_.headers) {
    if (!is_token(header.name)) {
      return fail(Errc::invalid_argument,
                  "sip: '" + one_line(header.name) + "' cannot be the name of a header field");
    }
  }
  options_.target = std::move(target->uri);
  host_ = std::move(target->host);
  peer_ = host_ + ':' + std::to_string(target->port);
  return {};
}

void Session::call(InviteOptions options) {
  outgoing_ = true;
  options_ = std::move(options);
  if (auto usable = read_target(); !usable) {
    fail_call(std::move(usable).error(), 0, {});
    return;
  }
  sa address{};
  if (sa_set_str(&address, host_.c_str(), 0) == 0) {
    send_invite();
    return;
  }
  Loop::Impl& loop = stack_.loop();
  loop.resolver().resolve(
      host_, [stack = stack_.weak_from_this(), id = id_, &loop](const HostAddresses& answer) {
        static_cast<void>(loop.post([stack, id, found = answer.found, reason = answer.reason] {
          const auto alive = stack.lock();
          if (Session* session = alive == nullptr ? nullptr : alive->find(id)) {
            session->on_resolved(found, reason);
          }
        }));
      });
}

void Session::on_resolved(bool found, const std::string& reason) {
  if (found) {
    send_invite();
    return;
  }
  fail_call(
      {Errc::not_found, "sip: cannot resolve " + host_ + " (" + reason + "); check --sip-target"},
      0, {});
}

std::string Session::invite_headers() const {
  std::string text = allow_header;
  for (const SipHeader& header : options_.headers) {
    text += header.name + ": " + one_line(header.value) + "\r\n";
  }
  return text;
}

void Session::send_invite() {
  stage_ = Stage::inviting;
  const std::string user = escape_user(options_.from_user);
  sa local{};
  static_cast<void>(sa_set_str(&local, stack_.bind_address().c_str(), 0));
  const std::string from = "sip:" + user + '@' + uri_host_of(local);
  const auto body = options_.sdp.empty() ? nullptr : to_mbuf(options_.sdp);
  sipsess* raw = nullptr;
  stack_.set_connecting(this);
  const ReHandle<void> end = stack_.watch_end(id_);
  const int error = sipsess_connect(
      &raw, stack_.socket(), options_.target.c_str(), nullptr, from.c_str(), user.c_str(), nullptr,
      0, "application/sdp", body.get(), Stack::authorise, end.get(), true, SessionCallbacks::offer,
      SessionCallbacks::answer, SessionCallbacks::progress, SessionCallbacks::established,
      SessionCallbacks::info, SessionCallbacks::refer, SessionCallbacks::closed, this, "%s",
      invite_headers().c_str());
  stack_.set_connecting(nullptr);
  if (error != 0) {
    on_closed(error, nullptr);
    return;
  }
  session_.reset(raw);
  call_id_ = sip_dialog_callid(dialog());
  stack_.remember(call_id_, id_);
  if (!sent_) {
    const auto on_limit = [](void* self) noexcept {
      static_cast<Session*>(self)->on_closed(ETIMEDOUT, nullptr);
    };
    tmr_start(&connect_timer_, static_cast<std::uint64_t>(stack_.connect_timeout().count()),
              on_limit, this);
  }
}

void Session::on_invite_sent(std::string call_id) {
  if (std::exchange(sent_, true)) {
    return;
  }
  call_id_ = std::move(call_id);
  tmr_cancel(&connect_timer_);
  CallEvent event;
  event.kind = CallEvent::Kind::sent;
  emit(std::move(event));
}

void Session::on_connection_lost() {
  if (outgoing_ && sent_ && stage_ == Stage::inviting) {
    // libre would wait for ever once a provisional response has come.
    on_closed(ECONNRESET, nullptr);
  }
  goodbye_failed(Errc::unreachable);
}

void Session::on_progress(const sip_msg& message) {
  Stack::tune(message);
  CallEvent event;
  event.kind = CallEvent::Kind::progress;
  event.status = message.scode;
  event.reason = reason_of(message);
  event.sdp = body_of(message);
  emit(std::move(event));
}

int Session::on_answer(const sip_msg& message) {
  if (stage_ == Stage::established) {
    take_answer(rest_of(message.mb));
    return 0;
  }
  // RFC 3261 wants a Content-Type; OpenAI has been seen to leave it out.
  answer_sdp_ = body_of(message);
  if (!outgoing_) {
    return 0;
  }
  Stack::tune(message);
  stack_.keep_to_flow(dialog(), message);
  return 0;
}

}  // namespace offhook::sip
