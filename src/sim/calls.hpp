#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/json/array.hpp>

#include "audio/codec.hpp"
#include "sim/api_error.hpp"
#include "sim/observer.hpp"
#include "sim/session_config.hpp"

namespace offhook::sim {

/// What REST and the sidebands can do with one call.
class Leg {
 public:
  virtual ~Leg() = default;

  /// What SDP agreed on.
  [[nodiscard]] virtual audio::CodecId codec() const = 0;
  virtual void accept(SessionConfig config) = 0;
  virtual void reject(int status) = 0;
  virtual void hang_up() = 0;
  virtual void refer(std::string target_uri) = 0;

  /// Another socket observes the call: it gets `session.created` and every later event.
  virtual void attach(std::shared_ptr<Observer> observer) = 0;
  virtual void detach(const Observer& observer) = 0;
  virtual void on_client_event(std::string_view text) = 0;
};

/// pending: rings. accepted: the controller took it. answered: 200 OK went out.
enum class CallState : std::uint8_t { pending, accepted, answered, rejected };

/// The calls of the sim by their rtc_ ids, and who may do what with them: exactly one decision per
/// call; nothing at all once it is over. Control thread.
class Calls {
 public:
  /// @param unfound_accepts  Quirk: so many accepts of every call find nothing.
  explicit Calls(int unfound_accepts = 0) : unfound_accepts_{unfound_accepts} {}

  void add(const std::string& id, std::shared_ptr<Leg> leg);
  /// The call is over; its id means nothing any more, except that a rejected one stays decided.
  void remove(const std::string& id);
  void set_answered(const std::string& id);

  /// The call, if it waits for a decision.
  /// @return 404 call_id_not_found, or 409 decision_already_made.
  [[nodiscard]] ApiResult<std::shared_ptr<Leg>> pending(const std::string& id) const;
  /// `pending` for an accept, which the quirk concerns.
  [[nodiscard]] ApiResult<std::shared_ptr<Leg>> pending_for_accept(const std::string& id);
  /// Notes the decision. @param state  accepted or rejected.
  void decide(const std::string& id, CallState state);
  /// The call, if it was accepted and is not over.
  [[nodiscard]] ApiResult<std::shared_ptr<Leg>> accepted(const std::string& id) const;
  /// The call, if it was answered and is not over.
  [[nodiscard]] ApiResult<std::shared_ptr<Leg>> answered(const std::string& id) const;

  /// Every call that is not over.
  [[nodiscard]] std::vector<std::shared_ptr<Leg>> all() const;
  [[nodiscard]] std::size_t size() const noexcept { return calls_.size(); }
  /// [{"call_id":…,"state":…}], for people.
  [[nodiscard]] boost::json::array describe() const;

 private:
  struct Entry {
    std::shared_ptr<Leg> leg;
    CallState state = CallState::pending;
    int unfound_accepts = 0;
  };

  [[nodiscard]] const Entry* find(const std::string& id) const;

  int unfound_accepts_;
  std::unordered_map<std::string, Entry> calls_;
  std::deque<std::string> rejected_;  ///< Ids of the last rejected calls that are over.
};

}  // namespace offhook::sim
