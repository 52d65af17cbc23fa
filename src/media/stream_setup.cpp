#include "media/stream_setup.hpp"

#include <utility>

#include "media/jitter_buffer_factory.hpp"

namespace offhook::media {
namespace {

Result<> check(const StreamConfig& config) {
  const bool event_type_good = config.telephone_event_type >= -1 &&
                               config.telephone_event_type <= 127 &&
                               config.telephone_event_type != config.payload_type;
  if (config.payload_type < 0 || config.payload_type > 127 || !event_type_good) {
    return fail(Errc::invalid_argument, "RTP payload types " + std::to_string(config.payload_type) +
                                            " and " + std::to_string(config.telephone_event_type) +
                                            " must differ and be from 0 to 127");
  }
  if (config.telephone_event_clock_hz < 50) {
    return fail(Errc::invalid_argument, "telephone-event has no clock rate");
  }
  return {};
}

/// The peer's address; empty in `remote` when it has none, as in a hold of the old style.
Result<> find_remote(const StreamConfig& config, int local_family, StreamSetup& setup) {
  const auto remote = SocketAddress::from(config.remote_address, config.remote_port);
  if (!remote) {
    return fail(Errc::invalid_argument,
                "the peer's media address '" + config.remote_address + "' is no IP address");
  }
  if (remote->unspecified() || config.remote_port == 0) {
    return {};
  }
  if (remote->family() != local_family) {
    return fail(Errc::invalid_argument, "the peer's media address " + config.remote_address +
                                            " is not of our socket's IP version");
  }
  setup.remote = remote;
  return {};
}

Result<> make_codec(const StreamConfig& config, StreamSetup& setup) {
  auto encoder = audio::make_encoder(config.codec, config.audio_rate_hz);
  if (!encoder) {
    return fail(std::move(encoder).error().with("media"));
  }
  auto buffer = make_jitter_buffer(config.jitter_buffer, config.codec, config.audio_rate_hz);
  if (!buffer) {
    return fail(std::move(buffer).error().with("media"));
  }
  setup.encoder = *std::move(encoder);
  setup.jitter_buffer = *std::move(buffer);
  return {};
}

Result<> make_srtp(const SrtpKeys& keys, StreamSetup& setup) {
  if (setup.local_key_changed) {
    auto sender = SrtpSender::create(keys.suite, keys.local);
    if (!sender) {
      return fail(std::move(sender).error());
    }
    setup.srtp_sender = *std::move(sender);
  }
  if (setup.remote_key_changed) {
    auto receiver = SrtpReceiver::create(keys.suite, keys.remote);
    if (!receiver) {
      return fail(std::move(receiver).error());
    }
    setup.srtp_receiver = *std::move(receiver);
  }
  return {};
}

void compare(const StreamConfig& before, const StreamConfig& now, StreamSetup& setup) {
  setup.address_changed = before.remote_address != now.remote_address ||
                          before.remote_port != now.remote_port ||
                          before.srtp.has_value() != now.srtp.has_value();
  setup.codec_changed = before.codec != now.codec || before.audio_rate_hz != now.audio_rate_hz ||
                        before.jitter_buffer != now.jitter_buffer;
  const bool same_suite = before.srtp.has_value() == now.srtp.has_value() &&
                          (!now.srtp || before.srtp->suite == now.srtp->suite);
  setup.local_key_changed = !same_suite || (now.srtp && before.srtp->local != now.srtp->local);
  setup.remote_key_changed = !same_suite || (now.srtp && before.srtp->remote != now.srtp->remote);
}

}  // namespace

Result<std::unique_ptr<StreamSetup>> make_setup(const StreamConfig& config,
                                                const StreamConfig* before,
                                                int local_family) {
  if (auto checked = check(config); !checked) {
    return fail(std::move(checked).error());
  }
  auto setup = std::make_unique<StreamSetup>();
  setup->config = config;
  if (before != nullptr) {
    compare(*before, config, *setup);
  }
  if (auto found = find_remote(config, local_family, *setup); !found) {
    return fail(std::move(found).error());
  }
  if (setup->codec_changed) {
    if (auto made = make_codec(config, *setup); !made) {
      return fail(std::move(made).error());
    }
  }
  if (config.srtp) {
    if (auto made = make_srtp(*config.srtp, *setup); !made) {
      return fail(std::move(made).error());
    }
  }
  return setup;
}

}  // namespace offhook::media
