#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace offhook::sim {

/// `json_at` and `json_string` of an event.
[[nodiscard]] const boost::json::value* event_at(const boost::json::object& event,
                                                 std::string_view path) noexcept;
[[nodiscard]] std::string_view event_text(const boost::json::object& event,
                                          std::string_view path) noexcept;

/// What a client event is, apart from what it says: type, and of items type, role and function
/// call. Events of one kind may take each other's place in a replay.
[[nodiscard]] std::string kind_of(const boost::json::object& client_event);

/// Where a call departs from its recording.
struct Difference {
  std::string at;        ///< Path of the field.
  std::string expected;  ///< JSON text, shortened.
  std::string got;
};

/// The first difference between a recorded client event and the one that takes its place. Ids and
/// metadata that clients choose do not count.
[[nodiscard]] std::optional<Difference> first_difference(const boost::json::object& recorded,
                                                         const boost::json::object& live);

/// The same for two sessions, of what decides how a model behaves: model, instructions and the
/// names of its tools.
[[nodiscard]] std::optional<Difference> session_difference(const boost::json::object& recorded,
                                                           const boost::json::object& live);

/// An event in a few words, for messages.
[[nodiscard]] std::string brief(const boost::json::value& value);

}  // namespace offhook::sim
