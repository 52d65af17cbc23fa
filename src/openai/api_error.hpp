#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "net/http_message.hpp"

namespace offhook::openai {

/// The error envelope of every OpenAI REST answer: {"error":{"message","type","param","code"}}.
struct ApiError {
  std::string message;
  std::string code;
};

/// Reads the envelope. Both fields stay empty for a body that is none; `code` falls back to `type`.
[[nodiscard]] ApiError parse_api_error(std::string_view body);

/// An answer that is not 2xx as an Error: "404 call_id_not_found: No session found". The status is
/// kept. Control characters and `key` are taken out of what the API said, and it is shortened.
///
/// @return 401 and 403 as `authentication_failed`, 404 and call_id_not_found as `not_found`, any
///         other as `refused`.
[[nodiscard]] Error api_failure(const net::HttpResponse& answer, const Secret& key);

/// What a peer said, fit for a terminal, and without the key, should it repeat that.
[[nodiscard]] std::string quoted(std::string_view text, const Secret& key);

}  // namespace offhook::openai
