#include "serve/outcome.hpp"

#include <string_view>

namespace offhook::serve {

std::string failed_decision(const Error& error) {
  for (const std::string_view code :
       {"decision_already_made", "call_id_not_found", "session_id_not_found"}) {
    if (error.detail.find(code) != std::string::npos) {
      return std::string{code};
    }
  }
  return "reject_failed";
}

std::string what_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "not an exception of the standard library";
  }
}

}  // namespace offhook::serve
