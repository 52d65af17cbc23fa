#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "agent/profile.hpp"
#include "base/secret.hpp"

namespace offhook::agent {

/// The SIP trunk by which calls of our own leave (docs/openai-behaviour.md 10.4). It is the API
/// that speaks to it, never we.
struct Trunk {
  std::string provider_url;  ///< "sips:HOST[:PORT][;transport=tcp]"; empty: there is no trunk.
  std::string username;      ///< For digest authentication; empty: none.
  Secret password;
  std::string caller_number;  ///< "+E164": whom the callee sees.
};

/// What is wrong with a number in E.164 form ("+14155550123"), or nothing.
[[nodiscard]] std::string check_number(std::string_view text);
/// What is wrong with a trunk's `provider_url`, or nothing.
[[nodiscard]] std::string check_trunk_url(std::string_view text);

/// The body of `POST /v1/live/sessions` that calls `destination`.
/// @param profile  Of the Live API.
[[nodiscard]] boost::json::object outbound_body(const AgentProfile& profile,
                                                const Trunk& trunk,
                                                std::string_view destination);

}  // namespace offhook::agent
