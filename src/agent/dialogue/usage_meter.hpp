#pragma once

#include <boost/json/value.hpp>

#include "agent/usage.hpp"
#include "openai/realtime_event.hpp"

namespace offhook::agent {

/// Adds what one response has used.
void add_usage(Usage& usage, const openai::RealtimeUsage& response);

/// The same of the last event of a Responses model that a Live session has asked: text only. Fields
/// that are missing or odd count nothing.
void add_responses_usage(Usage& usage, const boost::json::value& response_completed);

}  // namespace offhook::agent
