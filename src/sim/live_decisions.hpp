#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "sim/api_error.hpp"
#include "sim/ids.hpp"

namespace offhook::sim {

/// The Decision model of a Live session, without intelligence: every predicate is even, every
/// choice the first one, every score the lowest level.
/// @param settings  `delegation.decisions`: model and questions.
/// @return the `decision` of a `decision.completed`.
[[nodiscard]] boost::json::object decide(const boost::json::value& settings);

/// The input items that a controller adds for later decisions.
class DecisionItems {
 public:
  /// @return the item as it is kept, with its id.
  [[nodiscard]] ApiResult<boost::json::object> create(const boost::json::value& item, Ids& ids);
  [[nodiscard]] ApiResult<> remove(const std::string& item_id);

 private:
  std::vector<std::string> ids_;
};

}  // namespace offhook::sim
