#pragma once

#include <functional>
#include <memory>

#include "sip/dns_message.hpp"
#include "sip/host_resolver.hpp"
#include "sip/libre.hpp"

namespace offhook::sip {

/// A name server on loopback for libre's DNS client, which knows neither the hosts file nor the
/// system's resolver. It answers A and AAAA from `HostResolver`, one address per name so that all
/// requests of a call take the same connection, and nothing for SRV and NAPTR.
///
/// Lives on the SIP thread.
class DnsStub {
 public:
  using Post = std::function<void(std::function<void()>)>;

  /// @param post  Runs a task on the SIP thread; called from threads of the resolver.
  /// @return nothing when no UDP port can be bound.
  [[nodiscard]] static std::unique_ptr<DnsStub> start(HostResolver& resolver, Post post);
  DnsStub(const DnsStub&) = delete;
  DnsStub& operator=(const DnsStub&) = delete;
  ~DnsStub();

  [[nodiscard]] const sa& address() const noexcept { return address_; }

 private:
  DnsStub(HostResolver& resolver, Post post) : resolver_{resolver}, post_{std::move(post)} {}
  void on_query(const sa& from, std::string_view datagram);
  void reply(const sa& to, const DnsQuestion& question, const HostAddresses& known);

  HostResolver& resolver_;
  Post post_;
  sa address_{};
  ReHandle<udp_sock> socket_;
  std::shared_ptr<DnsStub*> self_;  ///< Holds null once destroyed.
};

}  // namespace offhook::sip
