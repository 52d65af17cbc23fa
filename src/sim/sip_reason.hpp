#pragma once

#include <string>

namespace offhook::sim {

/// The reason phrase of a final status that refuses an INVITE (RFC 3261 section 21).
[[nodiscard]] inline std::string sip_reason(int status) {
  switch (status) {
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 408: return "Request Timeout";
    case 480: return "Temporarily Unavailable";
    case 486: return "Busy Here";
    case 488: return "Not Acceptable Here";
    case 500: return "Server Internal Error";
    case 503: return "Service Unavailable";
    case 504: return "Server Time-out";
    case 600: return "Busy Everywhere";
    case 603: return "Decline";
    default: return "Rejected";
  }
}

}  // namespace offhook::sim
