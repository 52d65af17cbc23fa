// How evenly the media thread sends: times of arrival on the loopback, as the kernel stamps them.
//
//   pacing_bench [SECONDS] [STREAMS]     default: 20 s, 1 stream
//
// Prints, for the first stream, the standard deviation of the intervals and their extremes. What
// the machine does beside it is measured too: run it on an idle one.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "media/engine.hpp"
#include "stamped_datagram.hpp"

using namespace offhook;

namespace {

class SilentPort final : public audio::Port {
 public:
  void exchange(const audio::Frame& /*received*/, audio::Frame& /*to_send*/) noexcept override {}
};

/// @return when the kernel took the next datagram, in ns; 0 when none waits.
std::int64_t next_arrival(int fd) {
  std::array<std::uint8_t, 2'048> bytes;
  return bench::receive_stamped(fd, bytes).taken_ns;
}

std::vector<std::int64_t> collect(int fd, std::chrono::seconds duration) {
  std::vector<std::int64_t> arrivals;
  const auto end = std::chrono::steady_clock::now() + duration;
  while (std::chrono::steady_clock::now() < end) {
    pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
    poll(&waiting, 1, 100);
    while (const std::int64_t at = next_arrival(fd)) {
      arrivals.push_back(at);
    }
  }
  return arrivals;
}

int report(const std::vector<std::int64_t>& arrivals) {
  std::vector<double> off_ms;  // of 20 ms; the first intervals belong to the start
  for (std::size_t i = 6; i < arrivals.size(); ++i) {
    off_ms.push_back(static_cast<double>(arrivals[i] - arrivals[i - 1]) / 1e6 - 20);
  }
  if (off_ms.size() < 100) {
    fmt::print(stderr, "pacing_bench: too few packets came\n");
    return 1;
  }
  double square = 0;
  for (const double off : off_ms) {
    square += off * off;
  }
  std::vector<double> sizes = off_ms;
  std::ranges::transform(sizes, sizes.begin(), [](double off) { return std::abs(off); });
  std::ranges::sort(sizes);
  const auto quantile = [&](double part) {
    return sizes[static_cast<std::size_t>(part * static_cast<double>(sizes.size() - 1))];
  };
  fmt::print(
      "{} intervals of 20 ms: sigma {:.3f} ms, off by p50 {:.3f}, p99 {:.3f}, p99.9 {:.3f}, "
      "at most {:.3f} ms\n",
      off_ms.size(), std::sqrt(square / static_cast<double>(off_ms.size())), quantile(0.5),
      quantile(0.99), quantile(0.999), sizes.back());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const int seconds = argc > 1 ? std::atoi(argv[1]) : 20;
  const int count = std::max(argc > 2 ? std::atoi(argv[2]) : 1, 1);
  auto peer = media::MediaSockets::bind("127.0.0.1");
  auto others = media::MediaSockets::bind("127.0.0.1");
  auto engine = media::Engine::start();
  if (!peer || !others || !engine) {
    fmt::print(stderr, "pacing_bench: no sockets or no thread\n");
    return 1;
  }
  SilentPort port;
  std::vector<media::Stream> streams;
  for (int i = 0; i < count; ++i) {
    auto sockets = media::MediaSockets::bind("127.0.0.1");
    media::StreamConfig config;
    config.remote_address = "127.0.0.1";
    config.remote_port = i == 0 ? peer->rtp_port() : others->rtp_port();
    config.jitter_buffer = media::JitterBufferKind::portable;
    if (!sockets) {
      fmt::print(stderr, "pacing_bench: {}\n", sockets.error().detail);
      return 1;
    }
    auto stream = (*engine)->add(std::move(*sockets), config, port);
    if (!stream) {
      fmt::print(stderr, "pacing_bench: {}\n", stream.error().detail);
      return 1;
    }
    streams.push_back(std::move(*stream));
  }
  return report(collect(peer->rtp_fd(), std::chrono::seconds{std::max(seconds, 1)}));
}
