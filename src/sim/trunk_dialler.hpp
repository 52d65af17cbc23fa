#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "sim/outbound_leg.hpp"
#include "sim/outbound_request.hpp"
#include "sip/endpoint.hpp"
#include "sip/loop.hpp"

namespace offhook::sim {

/// Places the calls of Live sessions by the trunks that their controllers name. Control thread.
class TrunkDialler {
 public:
  /// @param loop,timeline  Outlive this; `timeline` may be null.
  TrunkDialler(LegContext context, Ids ids, sip::Loop& loop, Timeline* timeline);

  /// Begins a session and its call. Not idempotent.
  /// @return the session's id, or 502 when the call cannot even be tried.
  [[nodiscard]] ApiResult<std::string> dial(OutboundRequest request);

  /// Hangs up and lets go of SIP, in at most `limit`.
  boost::asio::awaitable<void> close(std::chrono::milliseconds limit);
  void abandon_all();

 private:
  /// One endpoint per provider, because an endpoint verifies one name.
  [[nodiscard]] Result<sip::Endpoint*> endpoint_for(const std::string& host);

  LegContext context_;
  Ids ids_;
  sip::Loop& loop_;
  Timeline* timeline_;
  std::map<std::string, std::unique_ptr<sip::Endpoint>> endpoints_;
  std::vector<std::weak_ptr<OutboundLeg>> legs_;
};

}  // namespace offhook::sim
