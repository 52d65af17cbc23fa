#pragma once

#include <boost/json/value.hpp>

#include "agent/usage.hpp"

namespace offhook::agent {

/// Adds what one `response.done` says that the response has used. Fields that are missing or odd
/// count nothing.
void add_usage(Usage& usage, const boost::json::value& response_done);

}  // namespace offhook::agent
