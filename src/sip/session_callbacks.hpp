#pragma once

#include "sip/libre.hpp"

namespace offhook::sip {

class Session;

/// What libre's session layer calls; `session` is the `Session`. None of them throws.
struct SessionCallbacks {
  static int offer(mbuf** body, const sip_msg* message, void* session) noexcept;
  static int answer(const sip_msg* message, void* session) noexcept;
  static void progress(const sip_msg* message, void* session) noexcept;
  static void established(const sip_msg* message, void* session) noexcept;
  static void info(SipCore* core, const sip_msg* message, void* session) noexcept;
  static void refer(SipCore* core, const sip_msg* message, void* session) noexcept;
  static void closed(int error, const sip_msg* message, void* session) noexcept;
};

}  // namespace offhook::sip
