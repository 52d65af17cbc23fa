#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "audio/codec.hpp"
#include "audio/port.hpp"
#include "base/error.hpp"
#include "media/jitter_buffer_kind.hpp"
#include "media/srtp_keys.hpp"

namespace offhook::media {

/// A pair of UDP sockets, RTP on an even port and RTCP on the next (RFC 3550 section 11), bound
/// before the SDP is written and handed to the stream afterwards.
class MediaSockets {
 public:
  /// @param address  Local IP literal that also goes into SDP.
  /// @param first,last  Range to choose the RTP port from; 0, 0 means any.
  [[nodiscard]] static Result<MediaSockets> bind(const std::string& address,
                                                 std::uint16_t first = 0,
                                                 std::uint16_t last = 0);
  MediaSockets(MediaSockets&&) noexcept;
  MediaSockets& operator=(MediaSockets&&) noexcept;
  ~MediaSockets();

  [[nodiscard]] std::uint16_t rtp_port() const noexcept { return rtp_port_; }
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  /// The descriptors, for the media thread; they stay owned here.
  [[nodiscard]] int rtp_fd() const noexcept { return rtp_fd_; }
  [[nodiscard]] int rtcp_fd() const noexcept { return rtcp_fd_; }

 private:
  MediaSockets() = default;
  int rtp_fd_ = -1;
  int rtcp_fd_ = -1;
  std::uint16_t rtp_port_ = 0;
  std::string address_;
};

/// How one negotiated stream is to run.
struct StreamConfig {
  std::string remote_address;     ///< IP literal from the peer's c= line.
  std::uint16_t remote_port = 0;  ///< From its m= line; RTCP goes to the next port.
  audio::CodecId codec = audio::CodecId::pcmu;
  int payload_type = 0;           ///< As negotiated, both ways.
  int telephone_event_type = -1;  ///< RFC 4733 payload type; -1 when not negotiated.
  int telephone_event_clock_hz = 8'000;
  int audio_rate_hz = 16'000;      ///< Of the frames given to `port`.
  std::optional<SrtpKeys> srtp{};  ///< Set: RTP/SAVP. Empty: plain RTP.
  JitterBufferKind jitter_buffer = default_jitter_buffer;
  bool send = true;               ///< false: hold; nothing but RTCP leaves.
  std::string cname = "offhook";  ///< RTCP SDES CNAME.
};

/// Counters of one stream since it began. A snapshot; all times in ms.
struct StreamStats {
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;   ///< Of the negotiated type, authenticated, not duplicates.
  std::uint64_t packets_lost = 0;       ///< RFC 3550 A.3: expected minus received, at least 0.
  std::uint64_t packets_late = 0;       ///< Came after their place had been played.
  std::uint64_t packets_discarded = 0;  ///< Malformed, wrong source, type or SRTP tag, replayed.
  std::uint64_t srtp_failures = 0;      ///< Of those: authentication or replay.
  std::uint64_t frames_concealed = 0;   ///< Played frames made up for a missing packet.
  std::uint64_t frames_played = 0;
  std::uint64_t frames_skipped = 0;  ///< Neither played nor sent: the thread came too late.
  double jitter_ms = 0;              ///< RFC 3550 interarrival jitter of what we receive.
  double buffer_ms = 0;              ///< Delay that the jitter buffer adds now.
  double buffer_target_ms = 0;       ///< What the network as it is needs.
  std::uint64_t buffer_resets = 0;   ///< It began anew: jumps of the timestamps, overflow.
  double round_trip_ms = -1;         ///< From RTCP; -1 while unknown.
  double remote_loss_percent = -1;   ///< Of our stream, as the peer reports; -1 while unknown.
  double remote_jitter_ms = -1;
  bool fec = false;  ///< Loss of ours is high enough that Opus packets carry a copy (FEC).
};

/// Why packets that came were not used.
enum class Trouble : std::uint8_t {
  malformed,            ///< No RTP.
  source,               ///< From an address that is not the peer's.
  authentication,       ///< SRTP: wrong key, tampered or replayed.
  payload_type,         ///< Not negotiated.
  sequence_jump,        ///< The sequence numbers began elsewhere.
  buffer_reset,         ///< The timestamps jumped, or more came than can be held.
  rtcp_malformed,       ///< No RTCP.
  rtcp_authentication,  ///< SRTCP: wrong key, tampered or replayed.
};
inline constexpr std::size_t trouble_kinds = 8;
[[nodiscard]] std::string_view to_string(Trouble trouble) noexcept;

/// What a stream tells. Written on the media thread into a ring; the owner drains it.
struct StreamEvent {
  enum class Kind : std::uint8_t {
    first_packet_sent,
    first_packet_received,
    source_changed,   ///< The peer's address or SSRC changed and was latched.
    digit_received,   ///< RFC 4733: `digit` was pressed, reported once, at its end.
    digit_sent,       ///< The last packet of `digit` left.
    receive_timeout,  ///< Nothing authentic came for 5 s; told once per silence.
    bye_received,     ///< RTCP BYE: the peer's stream ends.
    trouble,          ///< `count` packets met `why`; the first at once, then every 5 s.
    fec_on,           ///< The peer reported so much loss that we add FEC to our Opus packets.
    fec_off,
  };
  Kind kind = Kind::first_packet_sent;
  char digit = 0;  ///< '0'-'9', '*', '#', 'A'-'D'.
  std::chrono::steady_clock::time_point at{};
  Trouble why = Trouble::malformed;
  std::uint64_t count = 0;
};

class Engine;

/// One RTP stream in both directions. A handle: any one thread at a time, normally control.
class Stream {
 public:
  static constexpr std::chrono::milliseconds default_tone{100};
  static constexpr std::chrono::milliseconds default_gap{60};

  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  /// Sends RTCP BYE, stops, closes the sockets; `port` is not called any more once this returns.
  ~Stream();

  /// Queues RFC 4733 digits, each `tone_ms` long with `gap_ms` between (audio pauses meanwhile).
  /// @return `Errc::invalid_argument` for another character, `Errc::unsupported` when
  ///         telephone-event was not negotiated.
  [[nodiscard]] Result<> send_digits(std::string_view digits,
                                     std::chrono::milliseconds tone_ms = default_tone,
                                     std::chrono::milliseconds gap_ms = default_gap);
  /// Takes one event, or nothing. Call it every 100 ms or so.
  [[nodiscard]] std::optional<StreamEvent> next_event();
  [[nodiscard]] StreamStats stats() const;
  /// Applies a re-INVITE: new peer address, codec, keys or direction; SSRC, sequence and timestamps
  /// go on. @return `Errc::unsupported` when the codec is not in this build.
  [[nodiscard]] Result<> update(const StreamConfig& config);

 private:
  friend class Engine;
  class Impl;
  explicit Stream(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

/// One media thread: epoll for what arrives, a 20 ms wheel for what leaves. Carries any number of
/// streams, spread evenly over the 20 ms. RTP is accepted from the negotiated address, or latched
/// once to the first authentic source (symmetric RTP).
class Engine {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Engine>> start();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  /// Joins the thread. Every stream must have been destroyed before.
  ~Engine();

  /// Starts a stream. `port` must outlive the returned handle.
  [[nodiscard]] Result<Stream> add(MediaSockets sockets, StreamConfig config, audio::Port& port);

 private:
  friend class Stream;
  class Impl;
  explicit Engine(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace offhook::media
