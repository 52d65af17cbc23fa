// Offers and answers within an established session, and the way from libre's callbacks.
#include <cerrno>
#include <charconv>
#include <utility>

#include "sip/sdp_text.hpp"
#include "sip/session.hpp"
#include "sip/session_callbacks.hpp"
#include "sip/stack.hpp"

namespace offhook::sip {
namespace {

std::uint64_t to_u64(std::string_view text) {
  std::uint64_t value = 0;
  static_cast<void>(std::from_chars(text.data(), text.data() + text.size(), value));
  return value;
}

}  // namespace

void Session::set_media(MediaCapabilities capabilities, NegotiatedMedia media) {
  capabilities_ = std::move(capabilities);
  media_ = std::move(media);
  if (outgoing_) {
    remember_origin(options_.sdp);
  }
}

/// RFC 3264 section 8: later descriptions keep the id of our first and count on from its version.
void Session::remember_origin(std::string_view sdp) {
  const auto ours = parse_sdp(sdp);
  if (ours && capabilities_) {
    capabilities_->session_id = to_u64(ours->origin_id);
    capabilities_->session_version = to_u64(ours->origin_version);
  }
}

Result<std::string> Session::answer_offer_within(std::string_view offer) {
  if (!stack_.takes_offers()) {
    return fail(Errc::unsupported, "sip: later offers are refused here");
  }
  if (!capabilities_) {
    return fail(Errc::unsupported, "sip: media of this call is not set up yet");
  }
  ++capabilities_->session_version;
  auto answer = answer_offer(*capabilities_, offer, &media_);
  if (!answer) {
    return fail(std::move(answer).error());
  }
  media_ = std::move(answer->media);
  CallEvent event;
  event.kind = CallEvent::Kind::media_offer;
  event.media = media_;
  emit(std::move(event));
  return std::move(answer->sdp);
}

/// The peer asks us to offer: what holds now.
std::string Session::offer_again() {
  ++capabilities_->session_version;
  auto offer = make_offer(*capabilities_, media_.profile);
  if (!offer) {
    return {};
  }
  offered_again_ = std::move(*offer);
  return offered_again_->sdp;
}

void Session::take_answer(std::string_view sdp) {
  const auto offer = std::exchange(offered_again_, std::nullopt);
  if (!offer) {
    return;
  }
  auto media = apply_answer(*offer, sdp);
  if (!media) {
    return;
  }
  media_ = std::move(*media);
  CallEvent event;
  event.kind = CallEvent::Kind::media_offer;
  event.media = media_;
  emit(std::move(event));
}

int Session::on_offer(mbuf** body, const sip_msg& message) {
  *body = nullptr;
  if (!capabilities_) {
    return ENOTCONN;
  }
  if (!stack_.takes_offers()) {
    return EPROTO;  // 488
  }
  refresh();
  std::string sdp;
  if (const std::string offer = body_of(message); offer.empty()) {
    sdp = offer_again();
  } else if (auto answer = answer_offer_within(offer)) {
    sdp = std::move(*answer);
  }
  if (sdp.empty()) {
    return EPROTO;
  }
  *body = to_mbuf(sdp).release();
  return *body == nullptr ? ENOMEM : 0;
}

int SessionCallbacks::offer(mbuf** body, const sip_msg* message, void* session) noexcept {
  return static_cast<Session*>(session)->on_offer(body, *message);
}

int SessionCallbacks::answer(const sip_msg* message, void* session) noexcept {
  return static_cast<Session*>(session)->on_answer(*message);
}

void SessionCallbacks::progress(const sip_msg* message, void* session) noexcept {
  static_cast<Session*>(session)->on_progress(*message);
}

void SessionCallbacks::established(const sip_msg* message, void* session) noexcept {
  static_cast<Session*>(session)->on_established(*message);
}

void SessionCallbacks::info(SipCore*, const sip_msg* message, void* session) noexcept {
  static_cast<Session*>(session)->on_info(*message);
}

void SessionCallbacks::refer(SipCore* core, const sip_msg* message, void* session) noexcept {
  static_cast<void>(sip_treply(nullptr, core, message, 501, "Not Implemented"));
  const sip_hdr* target = sip_msg_hdr(message, SIP_HDR_REFER_TO);
  static_cast<Session*>(session)->on_refer_request(target == nullptr ? std::string{}
                                                                     : one_line(view(target->val)));
}

void SessionCallbacks::closed(int error, const sip_msg* message, void* session) noexcept {
  static_cast<Session*>(session)->on_closed(error, message);
}

}  // namespace offhook::sip
