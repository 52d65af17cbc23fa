#include "sim/call_media.hpp"

#include <utility>

#include "sim/speaker.hpp"

namespace offhook::sim {
namespace {

constexpr std::chrono::seconds mid_call{2};
constexpr int noise_amplitude = 4'000;

bool needs_relay(const QuirkSet& quirks) {
  return quirks.has_any({Quirk::silent_call, Quirk::one_way, Quirk::ssrc_change, Quirk::port_change,
                         Quirk::loss, Quirk::jitter, Quirk::reorder, Quirk::duplicate_packets});
}

}  // namespace

Result<media::StreamConfig> stream_config(const sip::NegotiatedMedia& media) {
  const auto codec = audio::codec_by_name(media.codec.name);
  if (!codec) {
    return fail(Errc::unsupported, "codec " + media.codec.name);
  }
  media::StreamConfig config;
  config.remote_address = media.remote_address;
  config.remote_port = media.remote_port;
  config.codec = *codec;
  config.payload_type = media.codec.payload_type;
  config.telephone_event_type = media.telephone_event_type;
  config.telephone_event_clock_hz = media.telephone_event_clock_hz;
  config.audio_rate_hz = voice_rate_hz;
  config.send = media.direction == sip::MediaDirection::sendrecv ||
                media.direction == sip::MediaDirection::sendonly;
  config.cname = "OAI";
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

void NoisePort::exchange(const audio::Frame& received, audio::Frame& to_send) noexcept {
  inner_.exchange(received, to_send);
  for (std::int16_t& sample : to_send.samples()) {
    const auto value = static_cast<int>(noise_() % (2 * noise_amplitude)) - noise_amplitude;
    sample = static_cast<std::int16_t>(value);
  }
}

CallMedia::CallMedia(boost::asio::any_io_executor control,
                     media::Engine& engine,
                     const QuirkSet& quirks,
                     std::uint32_t seed)
    : control_{std::move(control)}, engine_{engine}, quirks_{quirks}, seed_{seed} {}

CallMedia::~CallMedia() { stop(); }

void CallMedia::stop() {
  stream_.reset();
  if (relay_) {
    relay_->stop();
    relay_.reset();
  }
}

Result<> CallMedia::start(media::MediaSockets sockets,
                          const sip::NegotiatedMedia& media,
                          audio::Port& port) {
  media_ = media;
  port_ = quirks_.has(Quirk::static_sound) ? &noise_.emplace(port) : &port;
  change_at_ = std::chrono::steady_clock::now() + mid_call;
  if (!needs_relay(quirks_)) {
    return start_stream(std::move(sockets));
  }
  const bool silent = quirks_.has(Quirk::silent_call);
  auto relay = MediaRelay::start(control_, std::move(sockets),
                                 Impairment{quirks_, silent || quirks_.has(Quirk::one_way), seed_},
                                 Impairment{quirks_, silent, seed_ + 2});
  if (!relay) {
    return fail(std::move(relay).error());
  }
  relay_ = std::move(*relay);
  relay_->set_peer(media.remote_address, media.remote_port);
  auto inside = media::MediaSockets::bind(relay_->address());
  if (!inside) {
    return fail(std::move(inside).error());
  }
  return start_stream(std::move(*inside));
}

Result<> CallMedia::start_stream(media::MediaSockets sockets) {
  auto config = stream_config(media_);
  if (!config) {
    return fail(std::move(config).error());
  }
  if (relay_) {
    relay_->set_stream(sockets);
    config->remote_address = relay_->address();
    config->remote_port = relay_->rtp_port();
  }
  auto stream = engine_.add(std::move(sockets), std::move(*config), *port_);
  if (!stream) {
    return fail(std::move(stream).error());
  }
  stream_.emplace(std::move(*stream));
  return {};
}

Result<> CallMedia::update(const sip::NegotiatedMedia& media) {
  auto config = stream_config(media);
  if (!config) {
    return fail(std::move(config).error());
  }
  media_ = media;
  if (relay_) {
    relay_->set_peer(media.remote_address, media.remote_port);
    config->remote_address = relay_->address();
    config->remote_port = relay_->rtp_port();
  }
  return stream_->update(*config);
}

void CallMedia::tick(std::chrono::steady_clock::time_point now) {
  if (changed_ || now < change_at_ || !stream_) {
    return;
  }
  changed_ = true;
  if (quirks_.has(Quirk::ssrc_change)) {
    change_ssrc();
  }
  if (quirks_.has(Quirk::port_change)) {
    static_cast<void>(relay_->change_port());  // without a free port it stays where it is
  }
}

/// A new stream behind the same relay: new SSRC, sequence numbers and timestamps, the same keys.
void CallMedia::change_ssrc() {
  auto sockets = media::MediaSockets::bind(relay_->address());
  if (!sockets) {
    return;
  }
  relay_->set_stream(*sockets);  // the old stream's RTCP BYE must not go out
  stream_.reset();
  static_cast<void>(start_stream(std::move(*sockets)));
}

}  // namespace offhook::sim
