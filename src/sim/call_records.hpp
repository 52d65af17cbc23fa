#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "net/http_message.hpp"
#include "sim/call_log.hpp"
#include "sim/call_transcript.hpp"
#include "sip/endpoint.hpp"

namespace offhook::sim {

/// What is kept of one call, during it and for a while after it. Control thread.
struct CallRecord {
  explicit CallRecord(CallLog::Clock::time_point began) : log{began} {}

  CallLog log;
  CallTranscript transcript{};
  boost::json::object facts{};  ///< What was known when it ended.
  std::vector<std::string> ids{};
  bool over = false;
};

/// The records of the calls that are going on and of the last ones that ended. Control thread.
class CallRecords {
 public:
  static constexpr std::size_t most_ended = 100;
  static constexpr std::size_t most_ended_bytes = 16U << 20U;

  /// A SIP message that went over the wire: goes to its call's record, or waits for it.
  void on_sip(const sip::WireMessage& message);
  /// A call begins, with the first of its messages if there is one.
  /// @param ids          All that it is asked for by, its main one first; empty ones do not count.
  /// @param sip_call_id  Empty: not known yet.
  [[nodiscard]] std::shared_ptr<CallRecord> begin(std::vector<std::string> ids,
                                                  const std::string& sip_call_id = {});
  /// The Call-ID of a call is known: messages that waited for it, and all later ones, are its own.
  void bind(const std::string& sip_call_id, const std::shared_ptr<CallRecord>& record);
  /// The call is over. @param facts  About it, for good.
  void end(const std::shared_ptr<CallRecord>& record, boost::json::object facts);
  /// A request about a call, whether or not it goes on. @param error  Its code, or empty.
  void note_request(const std::string& id,
                    const net::HttpRequest& request,
                    int status,
                    std::string_view error) const;

  /// Null when it is unknown, or was forgotten.
  [[nodiscard]] std::shared_ptr<CallRecord> find(const std::string& id) const;
  /// Facts of the calls that ended, newest last.
  [[nodiscard]] boost::json::array ended() const;
  /// The whole story of a call. @param facts  Of one that goes on.
  [[nodiscard]] static boost::json::object describe(const CallRecord& record,
                                                    const boost::json::object& facts);

 private:
  struct Waiting {
    std::string sip_call_id;
    bool sent = false;
    CallLog::Clock::time_point at;
    boost::json::object shown;
  };

  static constexpr std::size_t most_waiting = 128;

  void forget_oldest();

  std::unordered_map<std::string, std::shared_ptr<CallRecord>> by_id_;
  std::unordered_map<std::string, std::shared_ptr<CallRecord>> by_sip_id_;
  std::deque<std::shared_ptr<CallRecord>> ended_;
  std::deque<Waiting> waiting_;  ///< Messages of calls that are about to begin.
};

}  // namespace offhook::sim
