#pragma once

#include <optional>
#include <string>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <tl/expected.hpp>

namespace offhook::sim {

/// A refusal as OpenAI's REST API and its `error` events word it.
struct ApiError {
  std::string code;                    ///< "unknown_parameter", …; empty is shown as null.
  std::string message;                 ///< For people.
  std::optional<std::string> param{};  ///< Path of the offending field.
  int status = 400;                    ///< HTTP status; means nothing in an event.
  std::string type = "invalid_request_error";
};

template <class T = void>
using ApiResult = tl::expected<T, ApiError>;

[[nodiscard]] inline tl::unexpected<ApiError> refuse(ApiError error) {
  return tl::unexpected<ApiError>{std::move(error)};
}

/// {"message":…,"type":…,"param":…,"code":…}: the inside of the REST envelope.
[[nodiscard]] inline boost::json::object to_json(const ApiError& error) {
  boost::json::value param;
  if (error.param) {
    param = *error.param;
  }
  boost::json::value code;
  if (!error.code.empty()) {
    code = error.code;
  }
  return {{"message", error.message}, {"type", error.type}, {"param", param}, {"code", code}};
}

[[nodiscard]] inline ApiError unknown_parameter(const std::string& path) {
  return {"unknown_parameter", "Unknown parameter: '" + path + "'.", path};
}

[[nodiscard]] inline ApiError missing_parameter(const std::string& path) {
  return {"missing_required_parameter", "Missing required parameter: '" + path + "'.", path};
}

[[nodiscard]] inline ApiError invalid_value(const std::string& path, const std::string& expected) {
  return {"invalid_value", "Invalid value for '" + path + "': expected " + expected + ".", path};
}

}  // namespace offhook::sim
