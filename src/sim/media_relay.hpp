#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/error.hpp"
#include "media/engine.hpp"
#include "sim/impairment.hpp"

namespace offhook::sim {

/// A piece of bad network between a caller and the stream that talks to it: the caller sees the
/// outer sockets, the stream the inner ones. Packets pass as they are, encrypted or not. Control
/// thread.
class MediaRelay : public std::enable_shared_from_this<MediaRelay> {
 public:
  /// @param outer  The sockets that SDP names.
  [[nodiscard]] static Result<std::shared_ptr<MediaRelay>> start(
      const boost::asio::any_io_executor& control,
      media::MediaSockets outer,
      Impairment outbound,
      Impairment inbound);
  MediaRelay(const MediaRelay&) = delete;
  MediaRelay& operator=(const MediaRelay&) = delete;
  ~MediaRelay();

  /// Where the caller is by its SDP; its packets may show another place.
  void set_peer(const std::string& address, std::uint16_t port);
  /// The sockets of the stream.
  void set_stream(const media::MediaSockets& sockets);
  /// What the stream is to take for its peer.
  [[nodiscard]] const std::string& address() const noexcept;
  [[nodiscard]] std::uint16_t rtp_port() const noexcept;
  /// RTP to the caller comes from another port from now on; the former one still receives.
  [[nodiscard]] Result<> change_port();
  void stop();

 private:
  using Udp = boost::asio::ip::udp;
  /// A pair of sockets and who is at the other end of each.
  struct Side {
    Side(const boost::asio::any_io_executor& control, media::MediaSockets pair);
    media::MediaSockets sockets;
    Udp::socket rtp;
    Udp::socket rtcp;
  };

  /// Packets of one direction that are late. Equal times keep the order in which they came.
  struct Late {
    explicit Late(const boost::asio::any_io_executor& control) : timer{control} {}
    std::multimap<Impairment::Clock::time_point, std::vector<std::uint8_t>> packets;
    boost::asio::steady_timer timer;
  };

  MediaRelay(const boost::asio::any_io_executor& control,
             media::MediaSockets outer,
             media::MediaSockets inner,
             Impairment outbound,
             Impairment inbound);
  void listen_outside(Side& side);
  static boost::asio::awaitable<void> pass(std::shared_ptr<MediaRelay> self,
                                           Udp::socket* from,
                                           bool outwards,
                                           bool rtcp);
  void forward(std::span<const std::uint8_t> packet, bool outwards, bool rtcp);
  void send_late(bool outwards);
  void send(std::span<const std::uint8_t> packet, bool outwards, bool rtcp);

  boost::asio::any_io_executor control_;
  std::vector<std::unique_ptr<Side>> outer_;  ///< The last one sends.
  Side inner_;
  std::array<Udp::endpoint, 2> peer_{};    ///< RTP, RTCP.
  std::array<Udp::endpoint, 2> stream_{};  ///< RTP, RTCP.
  Impairment outbound_;
  Impairment inbound_;
  Late late_out_;
  Late late_in_;
  bool stopped_ = false;
};

}  // namespace offhook::sim
