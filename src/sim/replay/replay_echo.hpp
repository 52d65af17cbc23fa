#pragma once

#include <map>
#include <string>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace offhook::sim {

/// Puts what the live client chose into recorded server events that repeat what the recorded one
/// chose: ids of events and items, the items it created, the metadata of its responses.
class ReplayEcho {
 public:
  /// A live client event took the place of a recorded one.
  void on_client(const boost::json::object& recorded, const boost::json::object& live);

  /// A recorded server event as the live client is to see it.
  /// @param question  The live client event that it answers, or null.
  [[nodiscard]] boost::json::object adapt(const boost::json::object& event,
                                          const boost::json::object* question);

 private:
  using ByRecordedId = std::map<std::string, boost::json::value, std::less<>>;

  void learn(const boost::json::object& event, const boost::json::object& question);
  void replace_ids(boost::json::value& value) const;

  std::map<std::string, std::string, std::less<>> ids_;  ///< Recorded to live.
  ByRecordedId items_;                                   ///< That the client created.
  ByRecordedId metadata_;                                ///< Of responses.
};

}  // namespace offhook::sim
