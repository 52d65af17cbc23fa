#include "call/refusal.hpp"

namespace offhook::call {

std::string_view explain_refusal(int sip_status) noexcept {
  switch (sip_status) {
    case 400:
      return "; usually the call was not accepted in time, or the accept body was invalid: look at "
             "the webhook and REST lines above";
    case 403: return "; check the project id, and that SIP is enabled for the project";
    case 404: return "; check the project id in --sip-target or OPENAI_PROJECT_ID";
    case 408:
    case 480: return "; nobody accepted the call in time: check the webhook and its controller";
    case 486:
    case 603: return "; a controller rejected the call";
    case 488: return "; no common codec or media keying: try --codecs and --srtp";
    case 503: return "; the service is overloaded or down: try again later";
    default: return "";
  }
}

}  // namespace offhook::call
