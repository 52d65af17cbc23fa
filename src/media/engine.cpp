#include "media/engine.hpp"

#include <utility>

#include "media/media_thread.hpp"
#include "media/stream_handle.hpp"

namespace offhook::media {

std::string_view to_string(Trouble trouble) noexcept {
  switch (trouble) {
    case Trouble::malformed: return "malformed";
    case Trouble::source: return "unknown source";
    case Trouble::authentication: return "SRTP authentication";
    case Trouble::payload_type: return "payload type";
    case Trouble::sequence_jump: return "sequence jump";
    case Trouble::buffer_reset: return "buffer reset";
    case Trouble::rtcp_malformed: return "malformed RTCP";
    case Trouble::rtcp_authentication: return "SRTCP authentication";
  }
  return "unknown";
}

Engine::Engine(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}

Engine::~Engine() { impl_->stop(); }

Result<std::unique_ptr<Engine>> Engine::start() {
  auto impl = std::make_shared<Impl>();
  if (auto started = impl->start(); !started) {
    return fail(std::move(started).error());
  }
  return std::unique_ptr<Engine>{new Engine{std::move(impl)}};
}

Result<Stream> Engine::add(MediaSockets sockets, StreamConfig config, audio::Port& port) {
  const auto local = SocketAddress::from(sockets.address(), sockets.rtp_port());
  if (!local || sockets.rtp_fd() < 0) {
    return fail(Errc::invalid_argument, "media: the sockets are not bound");
  }
  auto setup = make_setup(config, nullptr, local->family());
  if (!setup) {
    return fail(std::move(setup).error());
  }
  auto stream = std::make_unique<MediaStream>(std::move(sockets), *std::move(setup), port,
                                              std::chrono::steady_clock::now());
  return Stream{
      std::make_shared<Stream::Impl>(impl_, std::move(stream), std::move(config), local->family())};
}

}  // namespace offhook::media
