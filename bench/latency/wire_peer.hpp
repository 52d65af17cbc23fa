#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

/// The other end of a call on loopback: plain RTP with PCMU, one packet every 20 ms, and the times
/// at which packets left and came.
class WirePeer {
 public:
  static constexpr int rate_hz = 8'000;

  /// @param says  Sent from `start` on, at 8 kHz; then silence.
  explicit WirePeer(std::vector<std::int16_t> says);
  WirePeer(const WirePeer&) = delete;
  WirePeer& operator=(const WirePeer&) = delete;
  ~WirePeer();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// @param phone_port  Where packets go to, on 127.0.0.1.
  void start(std::uint16_t phone_port);
  void stop();

  /// One direction: samples without holes, and when the packet of the first of them passed,
  /// steadied; ms of the steady clock. After `stop`.
  struct Stream {
    std::vector<std::int16_t> samples;
    double began_ms = 0;
  };
  [[nodiscard]] Stream sent() const;
  [[nodiscard]] Stream received() const;

 private:
  struct Packet {
    std::uint32_t timestamp = 0;
    double at_ms = 0;
    std::vector<std::uint8_t> payload;
  };
  void send_all(std::uint16_t phone_port);
  void receive_all();

  std::vector<std::int16_t> says_;
  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::vector<double> sent_ms_;
  std::vector<Packet> received_;
  std::thread sender_;
  std::thread receiver_;
};
