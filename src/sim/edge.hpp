#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/timeline.hpp"
#include "sim/call_leg.hpp"
#include "sim/delivery_log.hpp"
#include "sim/ids.hpp"
#include "sim/replay/fixture_shelf.hpp"
#include "sim/webhook_body.hpp"
#include "sim/webhook_endpoints.hpp"
#include "sim/webhook_sender.hpp"
#include "sip/endpoint.hpp"

namespace offhook::sim {

/// How webhooks leave, and what became of them.
struct Webhooks {
  Webhooks(const boost::asio::any_io_executor& control,
           net::TlsContext tls,
           Ids ids,
           WebhookOptions options)
      : sender{control, std::move(tls), std::move(options)}, endpoints{std::move(ids)} {}

  WebhookSender sender;
  WebhookEndpoints endpoints;
  DeliveryLog log{};
};

/// The SIP edge: looks at every INVITE, refuses what cannot become a call, and makes a pending call
/// of the rest, which it announces by webhooks. Control thread.
class Edge {
 public:
  /// @param webhooks,timeline  Outlive this; `timeline` may be null.
  Edge(LegContext context, Ids ids, Webhooks& webhooks, Timeline* timeline);

  /// 404 for another project, 488 for media that we have nothing in common with, 503 when full, or
  /// what the call's faults say; else the call rings until a controller decides.
  void on_incoming(sip::IncomingCall incoming);
  /// SIP is gone: whatever still waits for it gives up.
  void abandon_all();

 private:
  /// How an INVITE fails.
  struct Refusal {
    int status;
    std::string why;  ///< For people.
  };

  [[nodiscard]] std::optional<Refusal> refusal(const sip::IncomingCall& incoming,
                                               const QuirkSet& quirks) const;
  [[nodiscard]] Refusal refusal_of(const Error& error) const;
  [[nodiscard]] bool is_awaited() const;
  [[nodiscard]] Result<OfferedCall> evaluate(sip::IncomingCall& incoming,
                                             const QuirkSet& quirks) const;
  /// The sequence of a new call: by the name that its INVITE has, or by how many came before.
  [[nodiscard]] Ids sequence_of(const sip::IncomingCall& incoming);
  [[nodiscard]] QuirkSet draw(const sip::IncomingCall& incoming,
                              const Journal& journal,
                              std::uint32_t dice) const;
  /// What is to answer a call instead of a model: the recording that its INVITE names, or the next.
  [[nodiscard]] std::shared_ptr<const Fixture> choose_fixture(const sip::IncomingCall& incoming,
                                                              const Journal& journal);
  void announce(const sip::IncomingCall& incoming,
                const CallIds& ids,
                const CallLeg& leg,
                const Journal& journal,
                Ids& sequence);
  void deliver(IncomingEvent event, const QuirkSet& quirks, const Journal& journal, Ids& sequence);

  LegContext context_;
  Ids ids_;
  Webhooks& webhooks_;
  Timeline* timeline_;
  FixtureShelf fixtures_;
  std::vector<sip::SdpCodec> codecs_;
  std::unordered_map<std::string, std::uint32_t> named_;  ///< Calls of each name.
  std::vector<std::weak_ptr<CallLeg>> legs_;  ///< Those that are over, too, until they are gone.
};

}  // namespace offhook::sim
