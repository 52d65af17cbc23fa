#include "serve/outcome.hpp"

namespace offhook::serve {

std::string_view outcome_name(agent::ConversationEnd end) noexcept {
  using agent::ConversationEnd;
  switch (end) {
    case ConversationEnd::caller_gone: return "caller_gone";
    case ConversationEnd::hung_up: return "hung_up";
    case ConversationEnd::transferred: return "transferred";
    case ConversationEnd::not_accepted: return "not_accepted";
    case ConversationEnd::decided_elsewhere: return "decided_elsewhere";
    case ConversationEnd::sideband_lost: return "sideband_lost";
    case ConversationEnd::released: return "released";
  }
  return "unknown";
}

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
