#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "audio/codec.hpp"
#include "sim/api_error.hpp"
#include "sim/live_config.hpp"
#include "sim/observer.hpp"
#include "sim/quirks.hpp"
#include "sim/session_config.hpp"

namespace offhook::sim {

/// The two surfaces that can take a call: /v1/realtime/calls and /v1/live/sessions.
enum class Api : std::uint8_t { realtime, live };

/// What REST and the sidebands can do with one call.
class Leg {
 public:
  virtual ~Leg() = default;

  /// What SDP agreed on.
  [[nodiscard]] virtual audio::CodecId codec() const = 0;
  /// Whether the media is SRTP.
  [[nodiscard]] virtual bool secure() const = 0;
  /// What goes wrong with this call.
  [[nodiscard]] virtual const QuirkSet& quirks() const = 0;
  /// Adds what people want to know of the call.
  virtual void describe(boost::json::object& call) const = 0;
  virtual void accept(SessionConfig config) = 0;
  virtual void accept_live(LiveConfig config) = 0;
  virtual void reject(int status) = 0;
  /// It was accepted, and fails: the caller gets 400.
  virtual void fail_accepted() = 0;
  virtual void hang_up() = 0;
  virtual void refer(std::string target_uri) = 0;

  /// Another socket observes the call: it gets what greets it and every later event.
  virtual void attach(std::shared_ptr<Observer> observer) = 0;
  virtual void detach(const Observer& observer) = 0;
  virtual void on_client_event(std::string_view text) = 0;
};

/// pending: rings. accepted: the controller took it. answered: 200 OK went out.
enum class CallState : std::uint8_t { pending, accepted, answered, rejected };

/// The ids of one call. An outbound call has no rtc_ id, and the project may have no Live.
struct CallIds {
  std::string realtime{};  ///< "rtc_…", or empty.
  std::string live{};      ///< "live_…", or empty.

  /// The one that stands for the call in journals and file names.
  [[nodiscard]] const std::string& main() const noexcept {
    return realtime.empty() ? live : realtime;
  }
};

/// HTTP statuses that nobody is sure of.
struct CallStatuses {
  int decided = 409;  ///< Of decision_already_made.
  int unknown = 404;  ///< Of call_id_not_found and session_id_not_found.
};

/// The calls of the sim by their ids, and who may do what with them: exactly one decision per call,
/// on either surface, which owns it from then on; nothing at all once it is over. Control thread.
class Calls {
 public:
  explicit Calls(CallStatuses statuses = {}) : statuses_{statuses} {}

  void add(const CallIds& ids, std::shared_ptr<Leg> leg);
  /// The call is over; its ids mean nothing any more, except that a rejected one stays decided.
  void remove(const CallIds& ids);

  /// The call, if it waits for a decision.
  /// @return call_id_not_found or session_id_not_found, or decision_already_made.
  [[nodiscard]] ApiResult<std::shared_ptr<Leg>> pending(Api api, const std::string& id) const;
  /// What a request about a call meets instead of being done, because the call's quirks say so;
  /// nothing: it is to be done. @param operation  accept, reject, refer or hangup.
  [[nodiscard]] std::optional<ApiError> fault(Api api,
                                              const std::string& id,
                                              std::string_view operation);
  /// Whether the answer to a request that was carried out is lost, because the call's quirks say
  /// so.
  /// @param leg  The call, which may be over by now.
  [[nodiscard]] bool loses_answer(Api api,
                                  const std::string& id,
                                  const Leg& leg,
                                  std::string_view operation);
  /// The call, whoever owns it; null when it is unknown or over.
  [[nodiscard]] std::shared_ptr<Leg> leg(Api api, const std::string& id) const;
  /// Notes the decision, which makes `api` the owner. @param state  accepted or rejected.
  void decide(Api api, const std::string& id, CallState state);
  void set_answered(const CallIds& ids);
  /// The call, if `api` owns it and it is not over.
  [[nodiscard]] ApiResult<std::shared_ptr<Leg>> accepted(Api api, const std::string& id) const;
  /// The call, if `api` owns it, and it was answered and is not over.
  [[nodiscard]] ApiResult<std::shared_ptr<Leg>> answered(Api api, const std::string& id) const;

  /// Every call that is not over.
  [[nodiscard]] std::vector<std::shared_ptr<Leg>> all() const;
  [[nodiscard]] std::size_t size() const noexcept { return calls_.size(); }
  /// [{"call_id":…,"session_id":…,"state":…, and what the leg says}], for people.
  [[nodiscard]] boost::json::array describe() const;
  /// The same of one call; empty when it is unknown or over. @param id  Its main one.
  [[nodiscard]] boost::json::object describe(const std::string& id) const;

 private:
  struct Entry {
    CallIds ids;
    std::shared_ptr<Leg> leg;
    CallState state = CallState::pending;
    Api owner = Api::realtime;        ///< Once it is decided.
    std::set<std::string> tripped{};  ///< Faults that happen once, and have happened.

    /// Whether that fault happens to an operation for the first time. It has happened from now on.
    [[nodiscard]] bool trip(Quirk quirk, std::string_view operation);
  };

  [[nodiscard]] static boost::json::object describe(const Entry& entry);
  [[nodiscard]] const Entry* find(Api api, const std::string& id) const;
  [[nodiscard]] Entry* find(Api api, const std::string& id);
  void remember_rejected(const std::string& id);
  [[nodiscard]] ApiError already_decided() const;
  [[nodiscard]] ApiError not_found(Api api) const;

  CallStatuses statuses_;
  std::unordered_map<std::string, Entry> calls_;           ///< By their main ids.
  std::unordered_map<std::string, std::string> main_ids_;  ///< By their Live ids.
  std::deque<std::string> rejected_;  ///< Ids of the last rejected calls that are over.
};

}  // namespace offhook::sim
