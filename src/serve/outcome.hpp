#pragma once

#include <exception>
#include <string>

#include "base/error.hpp"

namespace offhook::serve {

/// Why a decision about a pending call failed: "decision_already_made", "call_id_not_found" or
/// "reject_failed".
[[nodiscard]] std::string failed_decision(const Error& error);

/// The text of an exception.
[[nodiscard]] std::string what_of(const std::exception_ptr& failure);

}  // namespace offhook::serve
