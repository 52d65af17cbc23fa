#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "openai/realtime_event.hpp"

namespace offhook::agent {

/// Client events of ours are known by how their `event_id` begins.
inline constexpr std::string_view event_prefix = "offhook_";

/// A response that is wanted of a Realtime model.
struct ResponseWish {
  enum class Kind : std::uint8_t {
    plain,     ///< Goes on with the conversation as it stands; several are one.
    words,     ///< With instructions of its own.
    filler,    ///< The same while something takes time; not worth saying late.
    farewell,  ///< The same, and the call ends once it has been played.
  };
  Kind kind = Kind::plain;
  std::string instructions{};
  std::string tag{};  ///< filler: what it waits for; farewell: why the call ends.
};

/// Decides when a `response.create` is sent, so that it never meets a response that is already
/// being written (`conversation_already_has_active_response`), and when a farewell has been heard.
/// No I/O: feed it every event with its time, and `on_time` at `deadline`.
///
/// One response of the default conversation at a time. A wish waits for the running one and for a
/// caller who is speaking. When a response that turn detection began is faster, the API refuses
/// ours, and it is sent again after that one's `response.done`. Ours are known by their metadata.
class ResponseQueue {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  void want(ResponseWish wish, Time now);
  /// The filler with this tag is not wanted any more, if it has not been sent.
  void withdraw(std::string_view tag);
  /// Stops what is being generated and played.
  void interrupt();
  /// The farewell waits no longer: whoever speaks is interrupted.
  void make_way(Time now);
  /// A farewell is in this response already: the call ends once it has been played.
  void hang_up_after(std::string response_id, std::string reason, Time now);

  void on_event(const openai::RealtimeEvent& event, Time now);
  /// The sideband is there: wishes may be sent from now on.
  void on_attached(Time now);
  /// After a gap: whether the model has begun something in it. If so, a wish that was sent just
  /// before the gap is fulfilled; else it is sent again.
  void on_repaired(bool model_went_on, Time now);
  /// The sideband is gone: what is running is not known any more, and wishes wait.
  void on_detached(Time now);
  void on_time(Time now);
  [[nodiscard]] std::optional<Time> deadline() const;

  /// Client events to send, in order.
  [[nodiscard]] std::vector<std::string> take_events() { return std::exchange(events_, {}); }
  /// Set once, when the farewell has been heard (or cannot be any more): why the call ends.
  [[nodiscard]] std::optional<std::string> take_hang_up() {
    return std::exchange(hang_up_, std::nullopt);
  }
  [[nodiscard]] bool farewell_begun() const noexcept { return farewell_.has_value(); }
  /// A wish to go on was sent just before a gap, and `on_repaired` has not told its fate yet.
  [[nodiscard]] bool in_doubt() const noexcept {
    return doubtful_ && doubtful_->kind == ResponseWish::Kind::plain;
  }
  [[nodiscard]] bool active() const noexcept { return !active_.empty(); }
  [[nodiscard]] bool playing() const noexcept { return !playing_.empty(); }

 private:
  /// A response.create that has neither been taken up nor refused yet.
  struct Pending {
    ResponseWish wish;
    std::string token;    ///< In the metadata and, with a prefix, the event id.
    std::string perhaps;  ///< A response without metadata that was created meanwhile.
    Time sent{};
  };
  struct Farewell {
    std::string reason{};
    std::string response_id{};  ///< Empty: not created yet, or in a gap.
    bool generated = false;
    bool begun = false;      ///< Its sound has begun …
    bool ended = false;      ///< … and is over.
    bool after_gap = false;  ///< Created; some of its events may have been missed.
    bool told = false;       ///< By `take_hang_up`.
    Time patience{};
    [[nodiscard]] bool created() const noexcept { return after_gap || !response_id.empty(); }
  };

  void on_created(const openai::RealtimeResponse& response, Time now);
  void on_done(const openai::RealtimeResponse& response, Time now);
  void on_error(const openai::RealtimeError& error, Time now);
  void on_playback(const openai::RealtimePlayback& playback, Time now);
  void taken_up(std::string_view response_id, Time now);
  void refused(Time now);
  void advance(Time now);
  void advance_farewell(Time now);
  void farewell_met_gap(Time now);
  [[nodiscard]] bool is_farewell(std::string_view response_id);
  [[nodiscard]] std::optional<Time> may_send_at() const;
  void send(ResponseWish wish, Time now);

  std::deque<ResponseWish> wanted_;
  std::optional<ResponseWish> doubtful_;  ///< Sent just before a gap; perhaps taken up in it.
  Time doubt_until_{};
  std::optional<Pending> pending_;
  std::vector<std::string> active_;   ///< Being generated, in the default conversation.
  std::vector<std::string> playing_;  ///< Being heard.
  std::optional<Time> hold_until_;    ///< Something may come that we would meet.
  std::optional<Time> caller_speaks_since_;
  std::optional<Farewell> farewell_;
  std::vector<std::string> events_;
  std::optional<std::string> hang_up_;
  bool attached_ = false;
  std::uint64_t count_ = 0;
};

}  // namespace offhook::agent
