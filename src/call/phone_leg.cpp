#include "call/phone_leg.hpp"

#include <algorithm>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/race.hpp"
#include "call/incoming_calls.hpp"
#include "call/refusal.hpp"
#include "media/quality.hpp"
#include "sip/sip_target.hpp"

namespace offhook::call {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr int not_acceptable_here = 488;
constexpr auto goodbye_limit = 3s;

std::vector<sip::SdpCodec> sdp_codecs(const std::vector<audio::CodecId>& codecs) {
  std::vector<sip::SdpCodec> list;
  bool opus = false;
  for (const audio::CodecId id : codecs) {
    const audio::CodecInfo& info = audio::codec_info(id);
    list.push_back({info.payload_type, std::string{info.sdp_name}, info.rtp_clock_hz,
                    info.sdp_channels, std::string{info.fmtp}});
    opus = opus || id == audio::CodecId::opus;
  }
  list.push_back({101, "telephone-event", 8'000, 1, "0-15"});
  if (opus) {  // RFC 4733 section 2.1: events share the clock of the audio that they interrupt
    list.push_back({102, "telephone-event", 48'000, 1, "0-15"});
  }
  return list;
}

CallResult result_of(const Error& error) {
  if (error.code == Errc::authentication_failed) {
    return CallResult::tls_failed;
  }
  if (error.code == Errc::not_found || error.code == Errc::unreachable) {
    return CallResult::unreachable;
  }
  return error.code == Errc::timed_out ? CallResult::no_answer : CallResult::internal_error;
}

std::string_view profile_name(sip::SdpProfile profile) {
  return profile == sip::SdpProfile::savp ? "RTP/SAVP" : "RTP/AVP";
}

}  // namespace

PhoneLeg::PhoneLeg(asio::any_io_executor control,
                   sip::Loop& sip_loop,
                   media::Engine& engine,
                   Timeline& timeline,
                   CallAudio& audio,
                   PhoneOptions options,
                   std::string call_header_id)
    : control_{std::move(control)},
      sip_loop_{sip_loop},
      engine_{engine},
      timeline_{timeline},
      audio_{audio},
      options_{std::move(options)},
      call_header_id_{std::move(call_header_id)} {}

asio::awaitable<Result<>> PhoneLeg::dial() {
  const auto target = sip::parse_sip_target(options_.sip_target);
  if (!target) {
    co_return fail(target.error());
  }
  const auto address = co_await sip::local_address_towards(target->host, target->port);
  if (!address) {
    co_return fail(address.error());
  }
  local_address_ = *address;
  auto sockets = media::MediaSockets::bind(local_address_);
  if (!sockets) {
    co_return fail(std::move(sockets).error());
  }
  sockets_ = std::move(*sockets);
  auto endpoint = sip::Endpoint::start_client(
      sip_loop_, control_,
      {.server_name = options_.sip_name.empty() ? target->host : options_.sip_name,
       .ca_file = options_.sip_ca,
       .bind_address = local_address_});
  if (!endpoint) {
    co_return fail(std::move(endpoint).error());
  }
  endpoint_ = std::move(*endpoint);
  co_return invite(options_.srtp == SrtpPolicy::off ? sip::SdpProfile::avp : sip::SdpProfile::savp);
}

Result<> PhoneLeg::invite(sip::SdpProfile profile) {
  sip::MediaCapabilities capabilities;
  capabilities.address = local_address_;
  capabilities.port = sockets_->rtp_port();
  capabilities.codecs = sdp_codecs(options_.codecs);
  capabilities.allow_avp = options_.srtp != SrtpPolicy::require;
  capabilities.allow_savp = options_.srtp != SrtpPolicy::off;
  auto offer = sip::make_offer(std::move(capabilities), profile);
  if (!offer) {
    return fail(std::move(offer).error());
  }
  offer_ = std::move(*offer);
  sip::InviteOptions invite;
  invite.target = options_.sip_target;
  invite.from_user = options_.from_user;
  invite.headers = {{std::string{call_header}, call_header_id_}};
  invite.sdp = offer_->sdp;
  call_ = endpoint_->invite(std::move(invite));
  timeline_.mark("sip", "invite",
                 {{"target", options_.sip_target}, {"profile", profile_name(profile)}});
  return {};
}

asio::awaitable<Ending> PhoneLeg::follow() {
  co_return co_await first_of(follow_signalling(), watch_media());
}

asio::awaitable<Ending> PhoneLeg::follow_signalling() {
  for (;;) {
    const sip::CallEvent event = co_await call_->next_event();
    sip_call_id_ = call_->call_id();
    const auto ending = on_event(event);
    if (ending) {
      co_return *ending;
    }
  }
}

asio::awaitable<Ending> PhoneLeg::watch_media() {
  asio::steady_timer timer{control_};
  for (;;) {
    drain_media_events();
    mark_quality();
    timer.expires_after(20ms);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

void PhoneLeg::mark_quality() {
  const auto now = std::chrono::steady_clock::now();
  if (!stream_ || now < next_quality_) {
    return;
  }
  const media::StreamStats stats = stream_->stats();
  if (next_quality_ != std::chrono::steady_clock::time_point{}) {
    const media::Quality quality = media::estimate_quality(quality_from_, stats, codec());
    const auto or_null = [](double value) {
      return value < 0 ? boost::json::value(nullptr) : boost::json::value(value);
    };
    timeline_.mark("media", "quality",
                   {{"r_factor", quality.r_factor},
                    {"concealed_percent", media::concealed_percent(quality_from_, stats)},
                    {"lost", stats.packets_lost - quality_from_.packets_lost},
                    {"jitter_ms", stats.jitter_ms},
                    {"buffer_ms", stats.buffer_ms},
                    {"round_trip_ms", or_null(stats.round_trip_ms)},
                    {"remote_loss_percent", or_null(stats.remote_loss_percent)},
                    {"fec", stats.fec}});
  }
  quality_from_ = stats;
  next_quality_ = now + 5s;
}

audio::CodecId PhoneLeg::codec() const {
  return audio::codec_by_name(media_ ? media_->codec.name : "").value_or(audio::CodecId::pcmu);
}

std::optional<Ending> PhoneLeg::on_event(const sip::CallEvent& event) {
  using Kind = sip::CallEvent::Kind;
  switch (event.kind) {
    case Kind::sent: timeline_.mark("sip", "invite.sent", {}, event.at); break;
    case Kind::progress:
      heard_from_peer_ = true;
      timeline_.mark("sip", event.status == 100 ? "trying" : "progress",
                     {{"status", event.status}, {"reason", event.reason}}, event.at);
      break;
    case Kind::answered: return on_answered(event);
    case Kind::failed: return on_failed(event);
    case Kind::media_offer:
      if (event.media) {
        on_media_changed(*event.media);
      }
      break;
    case Kind::refer:
      timeline_.mark("sip", "refer.refused", {{"refer_to", event.reason}}, event.at);
      break;
    case Kind::closed: return on_closed(event);
    case Kind::confirmed:
    case Kind::referred: break;
  }
  return std::nullopt;
}

std::optional<Ending> PhoneLeg::on_closed(const sip::CallEvent& event) {
  over_ = true;
  if (event.error) {
    timeline_.mark("sip", "lost", {{"error", event.error->detail}}, event.at);
    return Ending{CallResult::connection_lost, event.error->detail};
  }
  peer_knows_ = true;
  timeline_.mark("sip", "bye.received", {}, event.at);
  return Ending{CallResult::hung_up_by_peer, {}};
}

std::optional<Ending> PhoneLeg::on_answered(const sip::CallEvent& event) {
  heard_from_peer_ = true;
  timeline_.mark("sip", "answered", {{"status", event.status}}, event.at);
  auto media = sip::apply_answer(*offer_, event.sdp);
  if (!media) {
    return Ending{CallResult::media_failed, std::move(media).error().with("answer").detail};
  }
  if (offer_->profile == sip::SdpProfile::savp && media->profile == sip::SdpProfile::avp) {
    timeline_.mark("media", "srtp.refused",
                   {{"note", "the answer is plain RTP: the sound of this call is not encrypted"}});
  }
  call_->set_media(offer_->capabilities, *media);
  auto stream = engine_.add(std::move(*sockets_), stream_config(*media), audio_);
  sockets_.reset();
  if (!stream) {
    return Ending{CallResult::media_failed, std::move(stream).error().detail};
  }
  stream_ = std::move(*stream);
  media_ = std::move(*media);
  timeline_.mark("media", "started",
                 {{"codec", media_->codec.name},
                  {"profile", profile_name(media_->profile)},
                  {"srtp", media_->srtp_suite},
                  {"jitter_buffer", to_string(options_.jitter_buffer)},
                  {"remote", media_->remote_address + ":" + std::to_string(media_->remote_port)}});
  return std::nullopt;
}

std::optional<Ending> PhoneLeg::on_failed(const sip::CallEvent& event) {
  if (event.status == not_acceptable_here && options_.srtp == SrtpPolicy::prefer &&
      offer_->profile == sip::SdpProfile::savp) {
    timeline_.mark("sip", "srtp.refused",
                   {{"status", event.status},
                    {"note", "SRTP was refused: trying once more with plain RTP, not encrypted"}},
                   event.at);
    const auto again = invite(sip::SdpProfile::avp);
    if (again) {
      return std::nullopt;
    }
    return Ending{CallResult::internal_error, again.error().detail};
  }
  over_ = true;
  timeline_.mark("sip", "failed", {{"status", event.status}, {"reason", event.reason}}, event.at);
  if (event.status != 0) {
    peer_knows_ = true;
    return Ending{CallResult::invite_refused,
                  "sip: the INVITE was refused: " + std::to_string(event.status) + " " +
                      event.reason + std::string{explain_refusal(event.status)}};
  }
  const Error error = event.error.value_or(Error{Errc::internal, "sip: the INVITE failed"});
  return Ending{result_of(error), error.detail};
}

void PhoneLeg::on_media_changed(const sip::NegotiatedMedia& media) {
  media_ = media;
  timeline_.mark("sip", "media.changed",
                 {{"codec", media.codec.name},
                  {"send", media.direction == sip::MediaDirection::sendrecv ||
                               media.direction == sip::MediaDirection::sendonly}});
  if (stream_) {
    const auto updated = stream_->update(stream_config(media));
    if (!updated) {
      timeline_.mark("media", "update.failed", {{"error", updated.error().detail}});
    }
  }
}

media::StreamConfig PhoneLeg::stream_config(const sip::NegotiatedMedia& media) const {
  media::StreamConfig config;
  config.remote_address = media.remote_address;
  config.remote_port = media.remote_port;
  config.codec = audio::codec_by_name(media.codec.name).value_or(audio::CodecId::pcmu);
  config.payload_type = media.codec.payload_type;
  config.telephone_event_type = media.telephone_event_type;
  config.telephone_event_clock_hz = media.telephone_event_clock_hz;
  config.audio_rate_hz = audio_.rate_hz();
  config.jitter_buffer = options_.jitter_buffer;
  config.send = media.direction == sip::MediaDirection::sendrecv ||
                media.direction == sip::MediaDirection::sendonly;
  if (media.profile == sip::SdpProfile::savp) {
    media::SrtpKeys keys;
    keys.suite = media.srtp_suite == to_string(media::SrtpSuite::aes_cm_128_hmac_sha1_32)
                     ? media::SrtpSuite::aes_cm_128_hmac_sha1_32
                     : media::SrtpSuite::aes_cm_128_hmac_sha1_80;
    keys.local = media.srtp_local;
    keys.remote = media.srtp_remote;
    config.srtp = keys;
  }
  return config;
}

void PhoneLeg::drain_media_events() {
  using Kind = media::StreamEvent::Kind;
  while (stream_) {
    const auto event = stream_->next_event();
    if (!event) {
      return;
    }
    const std::string digit(event->digit == 0 ? 0 : 1, event->digit);
    switch (event->kind) {
      case Kind::first_packet_sent: timeline_.mark("media", "rtp.first_sent", {}, event->at); break;
      case Kind::first_packet_received:
        timeline_.mark("media", "rtp.first_received", {}, event->at);
        break;
      case Kind::source_changed: timeline_.mark("media", "source.changed", {}, event->at); break;
      case Kind::digit_received:
        timeline_.mark("media", "digit.received", {{"digit", digit}}, event->at);
        break;
      case Kind::digit_sent:
        timeline_.mark("media", "digit.sent", {{"digit", digit}}, event->at);
        break;
      case Kind::receive_timeout:
        timeline_.mark("media", "silent",
                       {{"note", "no RTP has come for 5 s; check the firewall for UDP"}},
                       event->at);
        break;
      case Kind::bye_received: timeline_.mark("media", "rtcp.bye", {}, event->at); break;
      case Kind::trouble:
        timeline_.mark("media", "packets.refused",
                       {{"why", to_string(event->why)}, {"count", event->count}}, event->at);
        break;
      case Kind::fec_on: timeline_.mark("media", "fec.on", {}, event->at); break;
      case Kind::fec_off: timeline_.mark("media", "fec.off", {}, event->at); break;
    }
  }
}

void PhoneLeg::send_digits(std::string_view digits) {
  if (!stream_) {
    timeline_.mark("media", "digits.refused", {{"error", "the call is not answered yet"}});
    return;
  }
  const auto queued = stream_->send_digits(digits);
  if (!queued) {
    timeline_.mark("media", "digits.refused", {{"error", queued.error().detail}});
  }
}

media::StreamStats PhoneLeg::stats() const {
  if (final_stats_) {
    return *final_stats_;
  }
  return stream_ ? stream_->stats() : media::StreamStats{};
}

asio::awaitable<Result<>> PhoneLeg::wait_for_goodbye() {
  for (;;) {
    const sip::CallEvent event = co_await call_->next_event();
    if (event.kind == sip::CallEvent::Kind::failed) {
      co_return Result<>{};  // our CANCEL: nobody was on the line yet
    }
    if (event.kind == sip::CallEvent::Kind::closed) {
      if (event.error) {
        co_return fail(*event.error);
      }
      co_return Result<>{};
    }
  }
}

asio::awaitable<bool> PhoneLeg::part() {
  drain_media_events();
  if (stream_) {
    final_stats_ = stream_->stats();
    stream_.reset();
  }
  if (call_ && !over_) {
    timeline_.mark("sip", media_ ? "bye.sent" : "cancel.sent");
    call_->hang_up();
    const auto goodbye = co_await with_timeout(wait_for_goodbye(), goodbye_limit);
    peer_knows_ = goodbye.has_value();
    if (!goodbye) {
      timeline_.mark("sip", "goodbye.unanswered", {{"error", goodbye.error().detail}});
    }
  }
  if (endpoint_) {
    co_await endpoint_->close(goodbye_limit);
  }
  call_.reset();
  endpoint_.reset();
  co_return peer_knows_;
}

}  // namespace offhook::call
