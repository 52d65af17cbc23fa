#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "sim/api_error.hpp"

namespace offhook::sim {

/// The JSON object that a request carries. @return 400 for anything else.
[[nodiscard]] ApiResult<boost::json::value> parse_object(std::string_view body);

/// Whether `name` is one of the names in `list`, which are separated by spaces.
[[nodiscard]] bool lists(std::string_view list, std::string_view name) noexcept;

/// Refuses the first field of `object`, which must be one, that is not among `known`.
/// @param known  Names, separated by spaces.
/// @param path   Of the object, for the error; empty: the body itself.
[[nodiscard]] ApiResult<> only_fields(const boost::json::value& object,
                                      std::string_view known,
                                      const std::string& path = {});

/// `status_code` of a reject, 300 to 699.
[[nodiscard]] ApiResult<int> reject_status(const boost::json::value& body);

/// `expires_after` of a client secret: seconds, 10 to 7200; 600 when it is not there.
[[nodiscard]] ApiResult<int> secret_lifetime(const boost::json::value& body);

/// `target_uri` of a refer: not blank, nothing that could end a header line.
[[nodiscard]] ApiResult<std::string> refer_target(std::string_view body);

}  // namespace offhook::sim
