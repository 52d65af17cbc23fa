#include "sim/media_relay.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unistd.h>

namespace offhook::sim {
namespace {

namespace asio = boost::asio;
using Udp = asio::ip::udp;

constexpr std::size_t largest_packet = 2'048;

/// A second descriptor of the same socket, for Asio.
Udp::socket adopt(const asio::any_io_executor& control, int fd, const std::string& address) {
  const auto protocol = asio::ip::make_address(address).is_v6() ? Udp::v6() : Udp::v4();
  return Udp::socket{control, protocol, dup(fd)};
}

std::array<Udp::endpoint, 2> endpoints(const std::string& address, std::uint16_t port) {
  boost::system::error_code unusable;
  const auto host = asio::ip::make_address(address, unusable);
  if (unusable) {
    return {};
  }
  return {Udp::endpoint{host, port}, Udp::endpoint{host, static_cast<std::uint16_t>(port + 1)}};
}

}  // namespace

MediaRelay::Side::Side(const asio::any_io_executor& control, media::MediaSockets pair)
    : sockets{std::move(pair)},
      rtp{adopt(control, sockets.rtp_fd(), sockets.address())},
      rtcp{adopt(control, sockets.rtcp_fd(), sockets.address())} {}

MediaRelay::MediaRelay(const asio::any_io_executor& control,
                       media::MediaSockets outer,
                       media::MediaSockets inner,
                       Impairment outbound,
                       Impairment inbound)
    : control_{control},
      inner_{control, std::move(inner)},
      outbound_{std::move(outbound)},
      inbound_{std::move(inbound)},
      late_out_{control},
      late_in_{control} {
  outer_.push_back(std::make_unique<Side>(control, std::move(outer)));
}

MediaRelay::~MediaRelay() { stop(); }

Result<std::shared_ptr<MediaRelay>> MediaRelay::start(const asio::any_io_executor& control,
                                                      media::MediaSockets outer,
                                                      Impairment outbound,
                                                      Impairment inbound) {
  auto inner = media::MediaSockets::bind(outer.address());
  if (!inner) {
    return fail(std::move(inner).error());
  }
  const std::shared_ptr<MediaRelay> relay{new MediaRelay{
      control, std::move(outer), std::move(*inner), std::move(outbound), std::move(inbound)}};
  relay->listen_outside(*relay->outer_.front());
  for (const bool rtcp : {false, true}) {
    Udp::socket* const socket = rtcp ? &relay->inner_.rtcp : &relay->inner_.rtp;
    asio::co_spawn(control, pass(relay, socket, true, rtcp), asio::detached);
  }
  return relay;
}

void MediaRelay::listen_outside(Side& side) {
  for (const bool rtcp : {false, true}) {
    Udp::socket* const socket = rtcp ? &side.rtcp : &side.rtp;
    asio::co_spawn(control_, pass(shared_from_this(), socket, false, rtcp), asio::detached);
  }
}

void MediaRelay::set_peer(const std::string& address, std::uint16_t port) {
  peer_ = endpoints(address, port);
}

void MediaRelay::set_stream(const media::MediaSockets& sockets) {
  stream_ = endpoints(sockets.address(), sockets.rtp_port());
}

const std::string& MediaRelay::address() const noexcept { return inner_.sockets.address(); }

std::uint16_t MediaRelay::rtp_port() const noexcept { return inner_.sockets.rtp_port(); }

Result<> MediaRelay::change_port() {
  auto sockets = media::MediaSockets::bind(inner_.sockets.address());
  if (!sockets) {
    return fail(std::move(sockets).error());
  }
  outer_.push_back(std::make_unique<Side>(control_, std::move(*sockets)));
  listen_outside(*outer_.back());
  return {};
}

void MediaRelay::stop() {
  if (std::exchange(stopped_, true)) {
    return;
  }
  boost::system::error_code ignored;
  for (const auto& side : outer_) {
    side->rtp.close(ignored);
    side->rtcp.close(ignored);
  }
  inner_.rtp.close(ignored);
  inner_.rtcp.close(ignored);
  late_out_.timer.cancel();
  late_in_.timer.cancel();
}

asio::awaitable<void> MediaRelay::pass(std::shared_ptr<MediaRelay> self,
                                       Udp::socket* from,
                                       bool outwards,
                                       bool rtcp) {
  std::array<std::uint8_t, largest_packet> bytes{};
  Udp::endpoint source;
  while (!self->stopped_) {
    const auto [error, size] = co_await from->async_receive_from(
        asio::buffer(bytes), source, asio::as_tuple(asio::use_awaitable));
    if (self->stopped_ || error == asio::error::operation_aborted) {
      co_return;
    }
    if (error) {
      continue;  // an ICMP message about a packet of ours
    }
    if (!outwards) {
      self->peer_[rtcp ? 1 : 0] = source;
    } else if (source.port() != self->stream_[rtcp ? 1 : 0].port()) {
      continue;  // the last words of a stream that was replaced
    }
    self->forward({bytes.data(), size}, outwards, rtcp);
  }
}

void MediaRelay::forward(std::span<const std::uint8_t> packet, bool outwards, bool rtcp) {
  Impairment& network = outwards ? outbound_ : inbound_;
  if (rtcp) {
    if (!network.blocked()) {
      send(packet, outwards, true);
    }
    return;
  }
  const auto now = Impairment::Clock::now();
  Late& late = outwards ? late_out_ : late_in_;
  for (const auto due : network.next(now)) {
    const bool overtakes = !late.packets.empty() && late.packets.begin()->first <= due;
    if (due <= now && !overtakes) {
      send(packet, outwards, false);
    } else {
      late.packets.emplace(due, std::vector<std::uint8_t>{packet.begin(), packet.end()});
    }
  }
  send_late(outwards);
}

/// Sends what is due by now, and comes back for the rest.
void MediaRelay::send_late(bool outwards) {
  Late& late = outwards ? late_out_ : late_in_;
  const auto now = Impairment::Clock::now();
  while (!late.packets.empty() && late.packets.begin()->first <= now) {
    const auto first = late.packets.extract(late.packets.begin());
    send(first.mapped(), outwards, false);
  }
  if (late.packets.empty() || stopped_) {
    return;
  }
  late.timer.expires_at(late.packets.begin()->first);
  late.timer.async_wait([weak = weak_from_this(), outwards](boost::system::error_code failure) {
    if (const auto self = weak.lock(); self && !failure) {
      self->send_late(outwards);
    }
  });
}

void MediaRelay::send(std::span<const std::uint8_t> packet, bool outwards, bool rtcp) {
  const Udp::endpoint& to = (outwards ? peer_ : stream_)[rtcp ? 1 : 0];
  Side& side = outwards ? *outer_.back() : inner_;
  if (stopped_ || to.port() == 0) {
    return;
  }
  boost::system::error_code ignored;
  (rtcp ? side.rtcp : side.rtp).send_to(asio::buffer(packet.data(), packet.size()), to, 0, ignored);
}

}  // namespace offhook::sim
