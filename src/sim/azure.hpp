#pragma once

#include <optional>

#include "net/http_message.hpp"
#include "sim/api_error.hpp"

namespace offhook::sim {

/// The API as Azure has it (docs/openai-behaviour.md 11): the same under `/openai/v1`, with
/// `api-key` for the key. It is told in OpenAI's words here, so that nobody else need know.
[[nodiscard]] bool is_azure(const net::HttpRequest& request);

/// What a request is in OpenAI's words. One that is not of Azure's form stays as it is.
[[nodiscard]] net::HttpRequest without_azure(net::HttpRequest request);

/// What Azure refuses although OpenAI does not. @param request  Of `without_azure`.
[[nodiscard]] std::optional<ApiError> azure_refusal(const net::HttpRequest& request);

/// The answer in Azure's words.
[[nodiscard]] net::HttpResponse with_azure(net::HttpResponse response);

}  // namespace offhook::sim
