// The called side of a session: an INVITE is kept until somebody decides, then answered.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <utility>

#include "sip/session.hpp"
#include "sip/session_callbacks.hpp"
#include "sip/stack.hpp"

namespace offhook::sip {
namespace {

/// Timer B, and some time for what is under way.
constexpr std::chrono::milliseconds caller_patience{40'000};
constexpr std::chrono::seconds refresh_margin{32};
constexpr int longest_refresh_s = 86'400;

}  // namespace

bool Session::hold(const sip_msg& message) {
  stage_ = Stage::pending;
  call_id_ = view(message.callid);
  invite_.reset(static_cast<sip_msg*>(mem_ref(const_cast<sip_msg*>(&message))));
  const auto on_cancel = [](void* self) noexcept { static_cast<Session*>(self)->cancelled(); };
  // The session layer cannot keep an INVITE without answering at least 101, so the transaction is
  // ours until the answer.
  return sip_strans_alloc(&transaction_, stack_.core(), &message, on_cancel, this) == 0;
}

void Session::trying() {
  if (stage_ == Stage::pending && !ended_) {
    static_cast<void>(sip_treply(&transaction_, stack_.core(), invite_.get(), 100, "Trying"));
  }
}

/// The transaction stays, to take what the caller sends again.
void Session::ignore() {
  if (stage_ != Stage::pending || ended_) {
    return;
  }
  stage_ = Stage::ignored;
  tmr_start(
      &ignore_timer_, static_cast<std::uint64_t>(caller_patience.count()),
      [](void* self) noexcept { static_cast<Session*>(self)->end_silently("ignored here"); }, this);
}

void Session::forget() {
  if (stage_ == Stage::pending) {
    end_silently("forgotten here");
  }
}

/// The transaction goes with the session, and its caller is not told.
void Session::end_silently(std::string why) {
  CallEvent event;
  event.kind = CallEvent::Kind::closed;
  event.reason = std::move(why);
  finish(std::move(event));
}

void Session::cancelled() {
  if (stage_ == Stage::pending) {
    static_cast<void>(
        sip_treply(&transaction_, stack_.core(), invite_.get(), 487, "Request Terminated"));
  }
  CallEvent event;
  event.kind = CallEvent::Kind::closed;
  event.reason = "CANCEL";
  finish(std::move(event));
}

void Session::ring() {
  if (stage_ != Stage::pending || ended_) {
    return;
  }
  sip_contact contact{};
  sip_contact_set(&contact, stack_.contact_user().c_str(), &invite_->dst, invite_->tp);
  static_cast<void>(sip_treplyf(&transaction_, nullptr, stack_.core(), invite_.get(), true, 180,
                                "Ringing", "%HContent-Length: 0\r\n\r\n", sip_contact_print,
                                &contact));
}

void Session::reject(int status, const std::string& reason) {
  if (stage_ != Stage::pending || ended_) {
    return;
  }
  const auto code = static_cast<std::uint16_t>(std::clamp(status, 300, 699));
  const std::string text = one_line(reason);
  static_cast<void>(sip_treply(&transaction_, stack_.core(), invite_.get(), code,
                               text.empty() ? "Rejected" : text.c_str()));
  CallEvent event;
  event.kind = CallEvent::Kind::closed;
  event.status = code;
  event.reason = "rejected here";
  finish(std::move(event));
}

/// RFC 4028 section 9: a caller that wants to refresh does; one that wants us to do it is not
/// obliged. @return what the response says about it, without the last line end; empty: nothing.
std::string Session::agree_on_refresh() {
  const sip_hdr* expires = sip_msg_hdr(invite_.get(), SIP_HDR_SESSION_EXPIRES);
  if (!stack_.session_timers() || expires == nullptr ||
      !sip_msg_hdr_has_value(invite_.get(), SIP_HDR_SUPPORTED, "timer") ||
      view(expires->val).find("refresher=uas") != std::string_view::npos) {
    return {};
  }
  int seconds = 0;
  const std::string_view value = view(expires->val);
  const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (failure != std::errc{} || seconds < 1 || seconds > longest_refresh_s) {
    return {};
  }
  refresh_interval_ = std::chrono::seconds{seconds};
  return "Require: timer\r\nSession-Expires: " + std::to_string(seconds) + ";refresher=uac";
}

void Session::refresh() {
  if (refresh_interval_.count() == 0 || ended_) {
    return;
  }
  // Section 10: some time before it expires.
  const auto patience = refresh_interval_ - std::min(refresh_interval_ / 3, refresh_margin);
  tmr_start(
      &refresh_timer_, static_cast<std::uint64_t>(std::chrono::milliseconds{patience}.count()),
      [](void* self) noexcept { static_cast<Session*>(self)->hang_up(); }, this);
}

int Session::send_ok(mbuf* body, const std::string& sdp, ServerQuirks quirks) {
  const bool typeless =
      (stack_.quirks().omit_content_type || quirks.omit_content_type) && !sdp.empty();
  // A whole address instead of a user is taken as it is.
  const std::string contact = stack_.quirks().sips_contact || quirks.sips_contact
                                  ? "sips:" + stack_.contact_user() + '@' + to_string(invite_->dst)
                                  : stack_.contact_user();
  // So it stands in the answers to re-INVITEs, too, to which libre adds nothing else.
  const std::string timer = agree_on_refresh();
  const std::string type = "application/sdp" + (timer.empty() ? "" : "\r\n" + timer);
  sipsess* raw = nullptr;
  const ReHandle<void> end = stack_.watch_end(id_);
  // libre always writes Content-Type before a body. To leave it out, that line becomes the value of
  // another header, whose name ends what we may write ourselves.
  const int error = sipsess_accept(
      &raw, stack_.socket(), invite_.get(), 200, "OK", contact.c_str(), type.c_str(), body, nullptr,
      end.get(), true, SessionCallbacks::offer, SessionCallbacks::answer,
      SessionCallbacks::established, SessionCallbacks::info, SessionCallbacks::refer,
      SessionCallbacks::closed, this, "%s%s", allow_header, typeless ? "X-Omitted: " : "");
  session_.reset(raw);
  if (error == 0) {
    stack_.keep_to_flow(dialog(), *invite_);
    refresh();
  }
  return error;
}

void Session::answer(const std::string& sdp,
                     MediaCapabilities capabilities,
                     NegotiatedMedia media,
                     ServerQuirks quirks) {
  if (stage_ != Stage::pending || ended_) {
    return;
  }
  set_media(std::move(capabilities), std::move(media));
  remember_origin(sdp);
  // The session layer makes a transaction of its own for the same INVITE.
  transaction_ = static_cast<sip_strans*>(mem_deref(transaction_));
  const auto body = sdp.empty() ? nullptr : to_mbuf(sdp);
  stage_ = Stage::accepted;
  if (const int error = send_ok(body.get(), sdp, quirks); error != 0) {
    on_closed(error, nullptr);
  }
}

}  // namespace offhook::sip
