#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/json/object.hpp>

#include "sim/actions.hpp"
#include "sim/outbox.hpp"
#include "sim/replay/fixture.hpp"
#include "sim/replay/likeness.hpp"
#include "sim/replay/replay_echo.hpp"
#include "sim/response.hpp"

namespace offhook::sim {

/// The caller is to hear a part of the recorded sound, behind what it hears already.
struct PlayRecorded {
  std::span<const std::int16_t> samples;  ///< 16 kHz, of the fixture.
};

/// Something to tell on the log.
struct TellMark {
  std::string name;
  boost::json::object detail;
};

using ReplayAction = std::variant<SendEvent, PlayRecorded, ClearPlayback, TellMark, EndCall>;

/// Replays a recorded Realtime session as a state machine without I/O: fed with client events and
/// the time, it says what to do.
///
/// Server events come in the recorded order. One that answers a client event comes as long after
/// that as it did in the recording; any other as long after the server event before it. When a
/// client event does not come, its answers, and what belongs to them, are left out.
/// One thread at a time. After every call, `take_actions` is to be obeyed in order.
class ReplaySession {
 public:
  /// How much longer than in the recording a client event may take …
  static constexpr std::chrono::seconds patience{10};
  /// … and when the controller has gone on with a later one.
  static constexpr std::chrono::seconds short_patience{1};

  /// @param ids         For events that were not recorded.
  /// @param expires_at  That the session tells, in Unix seconds: the recorded time is long past.
  ReplaySession(std::shared_ptr<const Fixture> fixture, Ids ids, std::int64_t expires_at);

  /// For a socket that attaches now. Time begins with the first.
  [[nodiscard]] boost::json::object session_created(Time now);
  void on_client_event(std::string_view text, Time now);
  /// Sends what is due. Call it every 20 ms or so.
  void on_time(Time now);

  [[nodiscard]] std::vector<ReplayAction> take_actions();

 private:
  struct Progress {
    std::optional<Time> came{};  ///< Of a client event: something took its place.
    bool gone = false;           ///< It is left out.
  };

  [[nodiscard]] bool advance(Time now);
  void send(std::size_t index, Time due);
  /// Whether the client event did not come in time and is given up.
  [[nodiscard]] bool give_up(std::size_t question, Time now);
  void leave_out(std::size_t question);
  [[nodiscard]] std::optional<std::size_t> place_of(const boost::json::object& live);
  void refuse(const boost::json::object& live);
  void depart(std::size_t line, const Difference& difference);
  void mark(std::string name, boost::json::object detail);
  void show_expiry(boost::json::object& event) const;

  std::shared_ptr<const Fixture> fixture_;
  Outbox out_;
  std::int64_t expires_at_;
  ReplayEcho echo_{};
  std::vector<Progress> progress_;                     ///< Of every step.
  std::map<std::size_t, boost::json::object> live_{};  ///< Client events that came, by their step.
  std::size_t next_ = 0;                               ///< The server event to be sent, if any.
  std::size_t open_ = 0;  ///< No client event before this one is waited for.
  bool attached_ = false;
  bool ended_ = false;
  Time sent_at_{};                       ///< When the latest server event was due …
  double sent_ms_ = 0;                   ///< … and when in the recording.
  std::optional<std::size_t> latest_{};  ///< Of the client events that came the last recorded.
  int departures_ = 0;
  std::vector<ReplayAction> actions_{};
};

}  // namespace offhook::sim
