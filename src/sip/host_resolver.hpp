#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sip/dns_message.hpp"

namespace offhook::sip {

/// What a name resolved to. At least one address when `found`.
struct HostAddresses {
  bool found = false;
  std::string reason{};               ///< Of the system's resolver when not found.
  std::vector<DnsAddress> addresses;  ///< IPv4 and IPv6, best first.
};

/// Names resolved the way every other program on the machine does it (getaddrinfo: hosts file,
/// localhost, search domains), on threads of its own, because getaddrinfo blocks.
///
/// What was resolved stays known: requests within a call must reach the address that its INVITE
/// went to, however often the name's addresses rotate. Any thread.
class HostResolver {
 public:
  using Callback = std::function<void(const HostAddresses&)>;

  HostResolver();
  HostResolver(const HostResolver&) = delete;
  HostResolver& operator=(const HostResolver&) = delete;
  /// Does not wait for lookups under way; their callbacks are not called any more.
  ~HostResolver();

  /// Asks the system, unless an answer is younger than a minute. An address known before stays
  /// first while the name still has it. `done` runs on a thread of the resolver, or at once.
  void resolve(const std::string& name, Callback done);

  /// What is known, however old.
  [[nodiscard]] std::optional<HostAddresses> known(const std::string& name) const;

  /// The first address did not answer: the next call tries another one.
  void mark_unreachable(const std::string& name);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace offhook::sip
