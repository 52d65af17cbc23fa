#pragma once

#include <memory>
#include <optional>

#include "audio/codec.hpp"
#include "base/error.hpp"
#include "media/engine.hpp"
#include "media/jitter_buffer.hpp"
#include "media/srtp.hpp"
#include "media/udp.hpp"

namespace offhook::media {

/// Everything that a new configuration needs, made on the owner's thread, so that the media thread
/// only has to take it over.
struct StreamSetup {
  StreamConfig config;
  std::optional<SocketAddress> remote{};  ///< Empty: the peer gave no address to send to.
  bool address_changed = true;
  bool codec_changed = true;  ///< Then the two below are set, else they stay as is.
  std::unique_ptr<audio::Encoder> encoder{};
  std::unique_ptr<JitterBuffer> jitter_buffer{};
  bool local_key_changed = true;  ///< Then `srtp_sender` replaces ours, also when empty.
  std::optional<SrtpSender> srtp_sender{};
  bool remote_key_changed = true;  ///< Then `srtp_receiver` replaces ours, also when empty.
  std::optional<SrtpReceiver> srtp_receiver{};
};

/// @param before  What runs now; what it shares with `config` is kept: a key that stays must not
///                begin to count anew.
/// @param local_family  Of the socket; the peer must have an address of the same.
[[nodiscard]] Result<std::unique_ptr<StreamSetup>> make_setup(const StreamConfig& config,
                                                              const StreamConfig* before,
                                                              int local_family);

}  // namespace offhook::media
