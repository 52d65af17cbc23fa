#include "lines.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "stamped_datagram.hpp"

namespace offhook::bench {
namespace {

constexpr std::size_t header_bytes = 12;
constexpr std::int64_t packet_ns = 20'000'000;
constexpr std::size_t slots = 20;
constexpr std::int64_t slot_ns = packet_ns / static_cast<std::int64_t>(slots);
constexpr int receive_buffer_bytes = 1 << 18;
/// Comfort noise and codec noise stay below it.
constexpr int loud_sample = 300;
constexpr std::size_t loud_bytes = 24;

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Linear value of a PCMU sample (G.711).
int pcmu(std::uint8_t byte) {
  const int code = ~byte & 0xFF;
  const int magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84;
  return (code & 0x80) != 0 ? -magnitude : magnitude;
}

std::uint16_t read16(const std::uint8_t* bytes) {
  return static_cast<std::uint16_t>((bytes[0] << 8U) | bytes[1]);
}

std::uint32_t read32(const std::uint8_t* bytes) {
  return (std::uint32_t{read16(bytes)} << 16U) | read16(bytes + 2);
}

}  // namespace

struct Lines::Line {
  int socket = -1;
  std::uint16_t port = 0;
  sockaddr_in remote{};
  std::atomic<bool> connected{false};

  // Sent.
  std::uint16_t sequence = 0;
  int packet = 0;  ///< Since the answer.
  std::size_t spoken = 0;
  std::optional<std::int64_t> asked_ns{};  ///< End of a question that has no answer yet.
  bool asked_recorded = false;

  // Received.
  std::optional<std::uint32_t> first_timestamp{};
  std::uint16_t next_sequence = 0;
  std::vector<std::int64_t> offsets_ns{};  ///< Arrival minus what the RTP clock says.
  std::size_t lost = 0;
  std::size_t questions = 0;
  std::vector<double> answers_ms{};
};

Lines::Lines(std::size_t count, Question question) : question_{std::move(question)} {
  for (std::size_t i = 0; i < count; ++i) {
    auto line = std::make_unique<Line>();
    line->socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    setsockopt(line->socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    setsockopt(line->socket, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
               sizeof receive_buffer_bytes);
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof own;
    if (bind(line->socket, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0 ||
        getsockname(line->socket, reinterpret_cast<sockaddr*>(&own), &size) != 0) {
      throw std::runtime_error{"no port for RTP"};
    }
    line->port = ntohs(own.sin_port);
    lines_.push_back(std::move(line));
  }
  thread_ = std::thread{[this] { run(); }};
}

Lines::~Lines() {
  over_ = true;
  if (thread_.joinable()) {
    thread_.join();
  }
  for (const auto& line : lines_) {
    close(line->socket);
  }
}

std::uint16_t Lines::port(std::size_t line) const { return lines_[line]->port; }

void Lines::connect(std::size_t line, const std::string& address, std::uint16_t port) {
  Line& one = *lines_[line];
  one.remote.sin_family = AF_INET;
  one.remote.sin_port = htons(port);
  inet_pton(AF_INET, address.c_str(), &one.remote.sin_addr);
  one.connected = true;
}

void Lines::run() {
  std::int64_t due = now_ns();
  for (std::size_t slot = 0; !over_; slot = (slot + 1) % slots) {
    due += slot_ns;
    const std::int64_t wait = due - now_ns();
    if (wait > 0) {
      const timespec pause{0, wait};
      clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
    }
    for (std::size_t i = slot; i < lines_.size(); i += slots) {
      Line& line = *lines_[i];
      if (line.connected) {
        const std::int64_t now = now_ns();
        if (recording_) {
          own_late_ms_.push_back(static_cast<double>(std::max<std::int64_t>(0, now - due)) / 1e6);
        }
        send(line, now);
        receive(line);
      }
    }
  }
}

void Lines::send(Line& line, std::int64_t now) {
  const int place = line.packet++ - question_.first_after_packets;
  const auto at = static_cast<std::size_t>(place < 0 ? 0 : place % question_.every_packets);
  const bool speaks = place >= 0 && at < question_.speech.size();
  const auto& payload = speaks ? question_.speech[at] : question_.silence;
  std::array<std::uint8_t, 1'500> packet{};
  const auto sequence = line.sequence++;
  const std::uint32_t timestamp = std::uint32_t{sequence} * question_.ticks;
  packet[0] = 0x80;
  packet[1] = static_cast<std::uint8_t>(question_.payload_type);
  packet[2] = static_cast<std::uint8_t>(sequence >> 8U);
  packet[3] = static_cast<std::uint8_t>(sequence);
  for (unsigned i = 0; i < 4; ++i) {
    packet[4 + i] = static_cast<std::uint8_t>(timestamp >> (24U - 8 * i));
    packet[8 + i] = static_cast<std::uint8_t>(line.port >> (8 * (i % 2)));
  }
  std::copy(payload.begin(), payload.end(), packet.begin() + header_bytes);
  sendto(line.socket, packet.data(), header_bytes + payload.size(), 0,
         reinterpret_cast<const sockaddr*>(&line.remote), sizeof line.remote);
  if (speaks && at + 1 == question_.speech.size()) {
    line.asked_ns = now;
    line.asked_recorded = recording_;
    line.questions += line.asked_recorded ? 1 : 0;
  }
}

void Lines::receive(Line& line) {
  std::array<std::uint8_t, 2'048> bytes{};
  for (;;) {
    const auto [size, arrival] = receive_stamped(line.socket, bytes);
    if (size < 0) {
      return;
    }
    const bool rtp = static_cast<std::size_t>(size) > header_bytes &&
                     (bytes[1] & 0x7F) == question_.payload_type;
    if (!rtp || arrival == 0) {
      continue;
    }
    const std::uint32_t timestamp = read32(bytes.data() + 4);
    const std::uint16_t sequence = read16(bytes.data() + 2);
    if (!line.first_timestamp) {
      line.first_timestamp = timestamp;
      line.next_sequence = sequence;
    }
    if (recording_) {
      const std::uint32_t ticks = timestamp - *line.first_timestamp;
      line.offsets_ns.push_back(arrival - std::int64_t{ticks} * packet_ns / question_.ticks);
      line.lost += static_cast<std::uint16_t>(sequence - line.next_sequence);
    }
    line.next_sequence = static_cast<std::uint16_t>(sequence + 1);
    if (!line.asked_ns || arrival < *line.asked_ns) {
      continue;
    }
    const auto* const begin = bytes.data() + header_bytes;
    const auto* const end = bytes.data() + size;
    const bool loud = question_.loud_by_size ? static_cast<std::size_t>(end - begin) > loud_bytes
                                             : std::any_of(begin, end, [](std::uint8_t b) {
                                                 return std::abs(pcmu(b)) > loud_sample;
                                               });
    if (loud) {
      if (line.asked_recorded) {
        line.answers_ms.push_back(static_cast<double>(arrival - *line.asked_ns) / 1e6);
      }
      line.asked_ns.reset();
    }
  }
}

Heard Lines::finish() {
  over_ = true;
  thread_.join();
  Heard all;
  all.own_late_ms = std::move(own_late_ms_);
  for (const auto& line : lines_) {
    const auto& offsets = line->offsets_ns;
    const auto earliest = std::min_element(offsets.begin(), offsets.end());
    for (const std::int64_t offset : offsets) {
      all.late_ms.push_back(static_cast<double>(offset - *earliest) / 1e6);
    }
    all.lost += line->lost;
    all.questions += line->questions;
    all.answers_ms.insert(all.answers_ms.end(), line->answers_ms.begin(), line->answers_ms.end());
  }
  return all;
}

}  // namespace offhook::bench
