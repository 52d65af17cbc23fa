#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "base/secret.hpp"
#include "net/http_message.hpp"

namespace offhook::serve {

/// Compares without telling by its time where the texts differ.
[[nodiscard]] bool same_text(std::string_view a, std::string_view b) noexcept;

/// Whether a Host header names this machine's loopback. A page of another site that has rebound its
/// name to 127.0.0.1 still sends its own name here.
[[nodiscard]] bool is_loopback_host(std::string_view host) noexcept;

/// Whether the request may go on to what needs no token. @return the refusal otherwise.
[[nodiscard]] std::optional<net::HttpResponse> refuse_host(const net::HttpRequest& request);

/// Whether the request carries the bearer token. @return the refusal otherwise.
[[nodiscard]] std::optional<net::HttpResponse> refuse_token(const net::HttpRequest& request,
                                                            const Secret& token);

[[nodiscard]] net::HttpResponse json_answer(int status, const boost::json::value& body);
/// {"error":{"code":…,"message":…}}
[[nodiscard]] net::HttpResponse json_error(int status,
                                           std::string_view code,
                                           std::string_view message);

}  // namespace offhook::serve
