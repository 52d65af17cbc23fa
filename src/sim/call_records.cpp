#include "sim/call_records.hpp"

#include <algorithm>
#include <utility>

#include "sim/redaction.hpp"

namespace offhook::sim {

namespace json = boost::json;

void CallRecords::on_sip(const sip::WireMessage& message) {
  const std::string id{sip_call_id(message.text)};
  const auto known = by_sip_id_.find(id);
  const bool begins = std::string_view{message.text}.starts_with("INVITE ");
  if (known == by_sip_id_.end() && !begins) {
    return;  // of no call
  }
  json::object shown{{"direction", message.sent ? "sent" : "received"},
                     {"transport", message.transport}};
  for (auto& [key, value] : show_sip(message.text)) {
    shown.emplace(key, std::move(value));
  }
  if (known != by_sip_id_.end()) {
    known->second->log.add("sip", shown, message.at);
    return;
  }
  waiting_.push_back({id, message.sent, message.at, std::move(shown)});
  if (waiting_.size() > most_waiting) {
    waiting_.pop_front();
  }
}

std::shared_ptr<CallRecord> CallRecords::begin(std::vector<std::string> ids,
                                               const std::string& sip_call_id) {
  const auto first = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& one) {
    return one.sip_call_id == sip_call_id;
  });
  auto record =
      std::make_shared<CallRecord>(first == waiting_.end() ? CallLog::Clock::now() : first->at);
  for (std::string& id : ids) {
    if (!id.empty()) {
      by_id_.insert_or_assign(id, record);
      record->ids.push_back(std::move(id));
    }
  }
  bind(sip_call_id, record);
  return record;
}

void CallRecords::bind(const std::string& sip_call_id, const std::shared_ptr<CallRecord>& record) {
  if (sip_call_id.empty()) {
    return;
  }
  by_sip_id_.insert_or_assign(sip_call_id, record);
  record->ids.push_back(sip_call_id);
  for (const Waiting& one : waiting_) {
    if (one.sip_call_id == sip_call_id) {
      record->log.add("sip", one.shown, one.at);
    }
  }
  std::erase_if(waiting_, [&](const Waiting& one) { return one.sip_call_id == sip_call_id; });
}

void CallRecords::end(const std::shared_ptr<CallRecord>& record, json::object facts) {
  if (record == nullptr || std::exchange(record->over, true)) {
    return;
  }
  record->facts = std::move(facts);
  ended_.push_back(record);
  forget_oldest();
}

void CallRecords::forget_oldest() {
  const auto bytes = [&] {
    std::size_t sum = 0;
    for (const auto& record : ended_) {
      sum += record->log.bytes();
    }
    return sum;
  };
  while (!ended_.empty() && (ended_.size() > most_ended || bytes() > most_ended_bytes)) {
    const auto oldest = std::move(ended_.front());
    ended_.pop_front();
    for (const std::string& id : oldest->ids) {
      for (auto* const index : {&by_id_, &by_sip_id_}) {
        const auto found = index->find(id);
        if (found != index->end() && found->second == oldest) {
          index->erase(found);
        }
      }
    }
  }
}

/// Which header shows a key, not which key.
static json::value key_header(const net::HttpRequest& request) {
  for (const std::string_view name : {"authorization", "api-key"}) {
    if (request.headers.has(name)) {
      return json::string(name);
    }
  }
  return nullptr;
}

void CallRecords::note_request(const std::string& id,
                               const net::HttpRequest& request,
                               int status,
                               std::string_view error) const {
  const auto record = find(id);
  if (record == nullptr) {
    return;
  }
  json::object shown{{"method", valid_utf8(request.method)},
                     {"path", valid_utf8(request.path())},
                     {"key", key_header(request)},
                     {"status", status}};
  if (!error.empty()) {
    shown["error"] = error;
  }
  record->log.add("rest", shown);
}

std::shared_ptr<CallRecord> CallRecords::find(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

json::array CallRecords::ended() const {
  json::array list;
  for (const auto& record : ended_) {
    list.push_back(record->facts);
  }
  return list;
}

json::object CallRecords::describe(const CallRecord& record, const json::object& facts) {
  json::object whole = record.over ? record.facts : facts;
  whole["transcript"] = record.transcript.describe();
  whole["log"] = record.log.describe();
  whole["dropped"] = json::object{{"log_entries", record.log.dropped()},
                                  {"transcript_lines", record.transcript.dropped()}};
  return whole;
}

}  // namespace offhook::sim
