#pragma once

#include <boost/json/value.hpp>

#include "agent/usage.hpp"

namespace offhook::agent {

/// Adds what one `response.done` says that the response has used. Fields that are missing or odd
/// count nothing.
void add_usage(Usage& usage, const boost::json::value& response_done);

/// The same of the last event of a Responses model that a Live session has asked: text only.
void add_responses_usage(Usage& usage, const boost::json::value& response_completed);

}  // namespace offhook::agent
