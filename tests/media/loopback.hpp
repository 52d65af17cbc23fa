#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "media/engine.hpp"
#include "media/rtp_packet.hpp"
#include "media/udp.hpp"

namespace offhook::media::testing {

using namespace std::chrono_literals;

/// Looks again and again until `condition` holds. @return false after a generous deadline, which
/// only a hang reaches.
inline bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) {
      return true;
    }
    std::this_thread::sleep_for(5ms);
  }
  return condition();
}

/// Sends a sound, and keeps what it hears, in memory taken at the beginning.
class SoundPort final : public audio::Port {
 public:
  explicit SoundPort(std::vector<std::int16_t> sound = {}) : sound_{std::move(sound)} {
    heard_.resize(48'000 * 60);
  }
  void exchange(const audio::Frame& received, audio::Frame& to_send) noexcept override {
    frame_bytes_ = received.size;
    const std::size_t at = heard_size_;
    if (at + received.size <= heard_.size()) {
      std::copy_n(received.storage.begin(), received.size,
                  heard_.begin() + static_cast<std::ptrdiff_t>(at));
      heard_size_ = at + received.size;
    }
    if (sending && sent_ + to_send.size <= sound_.size()) {
      std::copy_n(sound_.begin() + static_cast<std::ptrdiff_t>(sent_.load()), to_send.size,
                  to_send.storage.begin());
      sent_ += to_send.size;
    }
    ++calls;
  }
  [[nodiscard]] bool all_sent() const { return sent_ + frame_bytes_ > sound_.size(); }
  /// Only what was heard before the call; the media thread writes behind it.
  [[nodiscard]] std::vector<std::int16_t> heard() const {
    return {heard_.begin(), heard_.begin() + static_cast<std::ptrdiff_t>(heard_size_.load())};
  }
  std::atomic<int> calls{0};
  std::atomic<bool> sending{true};

 private:
  std::vector<std::int16_t> sound_;
  std::vector<std::int16_t> heard_;
  std::atomic<std::size_t> heard_size_{0};
  std::atomic<std::size_t> sent_{0};
  std::atomic<std::size_t> frame_bytes_{0};
};

/// Takes the events of a stream as they come.
struct EventLog {
  std::vector<StreamEvent> events;
  std::string digits_received;
  std::string digits_sent;

  void drain(Stream& stream) {
    while (const auto event = stream.next_event()) {
      events.push_back(*event);
      if (event->kind == StreamEvent::Kind::digit_received) {
        digits_received += event->digit;
      }
      if (event->kind == StreamEvent::Kind::digit_sent) {
        digits_sent += event->digit;
      }
    }
  }
  [[nodiscard]] int count(StreamEvent::Kind kind) const {
    int found = 0;
    for (const StreamEvent& event : events) {
      found += event.kind == kind ? 1 : 0;
    }
    return found;
  }
};

inline MediaSockets sockets() { return MediaSockets::bind("127.0.0.1").value(); }

inline SrtpKeys keys(std::uint8_t local, std::uint8_t remote) {
  SrtpKeys made;
  made.local.fill(local);
  made.remote.fill(remote);
  return made;
}

inline StreamConfig config(std::uint16_t remote_port, audio::CodecId codec = audio::CodecId::pcmu) {
  StreamConfig made;
  made.remote_address = "127.0.0.1";
  made.remote_port = remote_port;
  made.codec = codec;
  made.payload_type = audio::codec_info(codec).payload_type;
  made.telephone_event_type = 101;
  made.audio_rate_hz = 8'000;
  return made;
}

/// Two engines with a stream each that talk to one another. The ports come first and so go last.
struct Call {
  explicit Call(StreamConfig a_config,
                StreamConfig b_config,
                std::vector<std::int16_t> a_sound = {},
                std::vector<std::int16_t> b_sound = {})
      : a_port{std::move(a_sound)}, b_port{std::move(b_sound)} {
    MediaSockets a_sockets = sockets();
    MediaSockets b_sockets = sockets();
    a_config.remote_port = b_sockets.rtp_port();
    b_config.remote_port = a_sockets.rtp_port();
    a = std::make_unique<Stream>(
        a_engine->add(std::move(a_sockets), std::move(a_config), a_port).value());
    b = std::make_unique<Stream>(
        b_engine->add(std::move(b_sockets), std::move(b_config), b_port).value());
  }
  void drain() {
    a_log.drain(*a);
    b_log.drain(*b);
  }

  SoundPort a_port;
  SoundPort b_port;
  std::unique_ptr<Engine> a_engine = Engine::start().value();
  std::unique_ptr<Engine> b_engine = Engine::start().value();
  std::unique_ptr<Stream> a;
  std::unique_ptr<Stream> b;
  EventLog a_log;
  EventLog b_log;
};

/// A peer by hand: a UDP socket that sends what it is told to.
class HandPeer {
 public:
  HandPeer() : sockets_{sockets()} {}
  [[nodiscard]] std::uint16_t port() const { return sockets_.rtp_port(); }

  void send(std::uint16_t to, std::span<const std::uint8_t> bytes) const {
    send_datagram(sockets_.rtp_fd(), bytes, SocketAddress::from("127.0.0.1", to).value());
  }
  void send_rtp(std::uint16_t to, RtpHeader header, std::size_t payload_bytes = 160) const {
    std::vector<std::uint8_t> bytes(rtp_header_bytes + payload_bytes, 0xff);
    write_rtp_header(header, std::span{bytes}.first<rtp_header_bytes>());
    send(to, bytes);
  }
  /// @return the next RTP packet that came, empty when none waits.
  [[nodiscard]] std::vector<std::uint8_t> receive() { return take(sockets_.rtp_fd(), rtp_); }
  [[nodiscard]] std::vector<std::uint8_t> receive_rtcp() { return take(sockets_.rtcp_fd(), rtcp_); }

 private:
  using Packets = std::deque<std::vector<std::uint8_t>>;

  std::vector<std::uint8_t> take(int fd, Packets& waiting) {
    for (std::size_t count = batch_->receive(fd), i = 0; i < count; ++i) {
      const auto datagram = (*batch_)[i];
      waiting.emplace_back(datagram.buffer.begin(),
                           datagram.buffer.begin() + static_cast<std::ptrdiff_t>(datagram.length));
    }
    if (waiting.empty()) {
      return {};
    }
    auto packet = std::move(waiting.front());
    waiting.pop_front();
    return packet;
  }

  MediaSockets sockets_;
  std::unique_ptr<ReceiveBatch> batch_ = std::make_unique<ReceiveBatch>();
  Packets rtp_;
  Packets rtcp_;
};

}  // namespace offhook::media::testing
