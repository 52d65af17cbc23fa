#include "wire_peer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <span>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "audio/g711.hpp"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t header_bytes = 12;
constexpr std::size_t frame_samples = 160;
constexpr double frame_ms = 20;

double now_ms() {
  return std::chrono::duration<double, std::milli>(Clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  if (values.empty()) {
    return 0;
  }
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint32_t read_32(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | bytes[3];
}

std::array<std::uint8_t, header_bytes + frame_samples> packet_of(
    std::size_t index, std::span<const std::int16_t> says) {
  std::array<std::uint8_t, header_bytes + frame_samples> packet{};
  packet[0] = 0x80;  // version 2, PCMU is type 0
  packet[2] = static_cast<std::uint8_t>(index >> 8);
  packet[3] = static_cast<std::uint8_t>(index);
  const std::size_t timestamp = index * frame_samples;
  for (std::size_t i = 0; i < 4; ++i) {
    packet[4 + i] = static_cast<std::uint8_t>(timestamp >> (24 - 8 * i));
  }
  packet[11] = 7;  // SSRC
  for (std::size_t i = 0; i < frame_samples; ++i) {
    const std::size_t at = timestamp + i;
    packet[header_bytes + i] =
        offhook::audio::encode_mu_law(at < says.size() ? says[at] : std::int16_t{0});
  }
  return packet;
}

}  // namespace

WirePeer::WirePeer(std::vector<std::int16_t> says) : says_{std::move(says)} {
  socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const timeval patience{0, 100'000};
  if (socket_ < 0 || bind(socket_, generic, size) != 0 ||
      getsockname(socket_, generic, &size) != 0 ||
      setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
    std::abort();  // loopback without UDP
  }
  port_ = ntohs(address.sin_port);
}

WirePeer::~WirePeer() {
  stop();
  close(socket_);
}

void WirePeer::start(std::uint16_t phone_port) {
  sender_ = std::thread{[this, phone_port] { send_all(phone_port); }};
  receiver_ = std::thread{[this] { receive_all(); }};
}

void WirePeer::stop() {
  stop_ = true;
  if (sender_.joinable()) {
    sender_.join();
    receiver_.join();
  }
}

void WirePeer::send_all(std::uint16_t phone_port) {
  const sockaddr_in address = loopback(phone_port);
  auto due = Clock::now();
  for (std::size_t index = 0; !stop_; ++index) {
    const auto packet = packet_of(index, says_);
    sent_ms_.push_back(now_ms());
    sendto(socket_, packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&address),
           sizeof address);
    std::this_thread::sleep_until(due += std::chrono::milliseconds{20});
  }
}

void WirePeer::receive_all() {
  std::array<std::uint8_t, 2'048> bytes{};
  while (!stop_) {
    const ssize_t count = recv(socket_, bytes.data(), bytes.size(), 0);
    if (count == static_cast<ssize_t>(header_bytes + frame_samples)) {
      received_.push_back({.timestamp = read_32(&bytes[4]),
                           .at_ms = now_ms(),
                           .payload = {bytes.begin() + header_bytes, bytes.begin() + count}});
    }
  }
}

WirePeer::Stream WirePeer::sent() const {
  std::vector<double> offsets;
  for (std::size_t i = 0; i < sent_ms_.size(); ++i) {
    offsets.push_back(sent_ms_[i] - static_cast<double>(i) * frame_ms);
  }
  return {says_, median(std::move(offsets))};
}

WirePeer::Stream WirePeer::received() const {
  Stream stream;
  if (received_.empty()) {
    return stream;
  }
  const std::uint32_t first = received_.front().timestamp;
  std::vector<double> offsets;
  for (const Packet& packet : received_) {
    const std::size_t at = packet.timestamp - first;
    if (at > 10'000'000) {
      continue;
    }
    stream.samples.resize(std::max(stream.samples.size(), at + frame_samples));
    for (std::size_t i = 0; i < frame_samples; ++i) {
      stream.samples[at + i] = offhook::audio::decode_mu_law(packet.payload[i]);
    }
    offsets.push_back(packet.at_ms - static_cast<double>(at) * 1'000 / rate_hz);
  }
  stream.began_ms = median(std::move(offsets));
  return stream;
}
