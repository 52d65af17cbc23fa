#include "sim/edge.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>
#include <set>
#include <utility>

#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/predicate.hpp>

#include "base/printable.hpp"
#include "sim/sip_reason.hpp"

namespace offhook::sim {
namespace {

constexpr std::size_t most_calls = 1'000;
constexpr int telephone_event_type = 101;
constexpr std::chrono::milliseconds after_the_deadline{500};
constexpr std::chrono::milliseconds slow_webhook_delay{1'000};

std::vector<sip::SdpCodec> wanted_codecs(const std::vector<std::string>& names) {
  const auto available = audio::available_codecs();
  std::vector<sip::SdpCodec> codecs;
  for (const std::string& name : names) {
    const auto id = audio::codec_by_name(name);
    if (!id || std::find(available.begin(), available.end(), *id) == available.end()) {
      continue;
    }
    const audio::CodecInfo& info = audio::codec_info(*id);
    codecs.push_back({info.payload_type, std::string{info.sdp_name}, info.rtp_clock_hz,
                      info.sdp_channels, std::string{info.fmtp}});
  }
  codecs.push_back({telephone_event_type, "telephone-event", 8'000, 1, "0-16"});
  return codecs;
}

std::string_view header(const sip::IncomingCall& incoming, std::string_view name) {
  for (const auto& field : incoming.headers) {
    if (boost::iequals(field.name, name)) {
      return field.value;
    }
  }
  return {};
}

/// Whether one of the ;name=value of a Contact comes twice, inside of <…> or behind it.
bool repeats_parameter(std::string_view contact) {
  std::set<std::string, std::less<>> seen;
  for (auto at = contact.find(';'); at != std::string_view::npos; at = contact.find(';')) {
    contact.remove_prefix(at + 1);
    const std::string name{contact.substr(0, contact.find_first_of("=;>, \t"))};
    if (!name.empty() && !seen.insert(boost::to_lower_copy(name)).second) {
      return true;
    }
  }
  return false;
}

constexpr std::size_t longest_quirk_name = 60;
/// By which a caller chooses the sequence of ids and times that its call gets.
constexpr std::string_view name_header = "X-Sim-Call";
constexpr std::size_t most_names = 10'000;
/// By which it chooses the recording that answers it.
constexpr std::string_view replay_header = "X-Sim-Replay";
constexpr std::size_t longest_fixture_name = 100;

}  // namespace

Edge::Edge(LegContext context, Ids ids, Webhooks& webhooks, Timeline* timeline)
    : context_{std::move(context)},
      ids_{std::move(ids)},
      webhooks_{webhooks},
      timeline_{timeline},
      fixtures_{context_.config.replay},
      codecs_{wanted_codecs(context_.config.assumptions.codecs)} {}

void Edge::on_incoming(sip::IncomingCall incoming) {
  CallIds ids;
  Ids sequence = sequence_of(incoming);
  ids.realtime = sequence.call();
  if (context_.config.live.enabled) {
    ids.live = sequence.live_session();
  }
  const auto record = context_.records.begin({ids.realtime, ids.live}, incoming.call.call_id());
  const Journal journal{timeline_, ids.realtime, record};
  journal.mark("invite.received", {{"sip_call_id", incoming.call.call_id()},
                                   {"to_user", incoming.request_user},
                                   {"from", header(incoming, "From")},
                                   {"transport", incoming.transport}});
  const QuirkSet quirks = draw(incoming, journal, sequence.number());
  const auto refuse = [&](const Refusal& refusal) {
    const bool ignored = refusal.status == 0;
    boost::json::object facts{{"call_id", ids.realtime},
                              {"sip_call_id", incoming.call.call_id()},
                              {"state", ignored ? "ignored" : "refused"},
                              {"status", refusal.status},
                              {"why", refusal.why}};
    journal.mark(ignored ? "ignored" : "refused",
                 {{"status", refusal.status}, {"why", refusal.why}});
    context_.records.end(record, std::move(facts));
    ignored ? incoming.call.ignore()
            : incoming.call.reject(refusal.status, sip_reason(refusal.status));
  };
  if (quirks.has(Quirk::invite_ignored)) {
    return refuse({0, "quirk: ignored"});
  }
  incoming.call.trying();
  if (const auto refused = refusal(incoming, quirks)) {
    return refuse(*refused);
  }
  auto offered = evaluate(incoming, quirks);
  if (!offered) {
    return refuse(refusal_of(offered.error()));
  }
  LegIdentity identity{ids, sequence.for_call(), quirks, sequence.number(), journal};
  identity.fixture = choose_fixture(incoming, journal);
  if (sequence.seeded()) {
    identity.clock = std::make_shared<CallClock>(sequence.number());
  }
  const auto leg = std::make_shared<CallLeg>(context_, std::move(identity), std::move(*offered));
  std::erase_if(legs_, [](const auto& known) { return known.expired(); });
  legs_.push_back(leg);
  leg->start();
  announce(incoming, ids, *leg, journal, sequence);
}

std::optional<Edge::Refusal> Edge::refusal(const sip::IncomingCall& incoming,
                                           const QuirkSet& quirks) const {
  const Assumptions& assumptions = context_.config.assumptions;
  if (quirks.has(Quirk::invite_400)) {
    return Refusal{400, "quirk: 400"};
  }
  if (quirks.has(Quirk::invite_408)) {
    return Refusal{408, "quirk: 408"};
  }
  if (quirks.has(Quirk::invite_503)) {
    return Refusal{503, "quirk: 503"};
  }
  if (quirks.has(Quirk::contact_403) && repeats_parameter(header(incoming, "Contact"))) {
    return Refusal{403, "quirk: a parameter of the Contact comes twice"};
  }
  if (incoming.request_user != context_.config.project) {
    return Refusal{assumptions.unknown_project, "unknown project"};
  }
  if (assumptions.no_webhook && !is_awaited()) {
    return Refusal{*assumptions.no_webhook, "no endpoint takes a webhook of the call"};
  }
  if (context_.calls.size() >= most_calls) {
    return Refusal{503, "too many calls"};
  }
  return std::nullopt;
}

Edge::Refusal Edge::refusal_of(const Error& error) const {
  if (error.code == Errc::unsupported) {
    return {context_.config.assumptions.no_codec, error.detail};
  }
  if (error.code == Errc::malformed_message) {
    return {400, error.detail};
  }
  return {503, error.detail};
}

Ids Edge::sequence_of(const sip::IncomingCall& incoming) {
  const std::string name{header(incoming, name_header)};
  if (name.empty() || (named_.size() >= most_names && !named_.contains(name))) {
    return ids_.for_call();
  }
  return ids_.for_call(name, ++named_[name]);
}

/// Whether anybody is told of calls.
bool Edge::is_awaited() const {
  std::vector<std::string_view> types{"realtime.call.incoming"};
  if (context_.config.live.enabled) {
    types.insert(types.end(), {"live.transport.incoming", "live.call.incoming"});
  }
  return std::ranges::any_of(types, [this](std::string_view type) {
    return !webhooks_.endpoints.subscribers(type).empty();
  });
}

QuirkSet Edge::draw(const sip::IncomingCall& incoming,
                    const Journal& journal,
                    std::uint32_t dice) const {
  std::vector<std::string> unknown;
  std::vector<QuirkChance> chances = context_.config.quirks;
  for (const auto& chance : parse_quirks_header(header(incoming, quirks_header), unknown)) {
    chances.push_back(chance);
  }
  if (!unknown.empty()) {
    journal.mark("quirk.unknown", {{"name", printable(unknown.front(), longest_quirk_name)},
                                   {"count", unknown.size()}});
  }
  std::mt19937 thrown{dice};
  const QuirkSet quirks = draw_quirks(chances, thrown);
  for (const std::string_view name : quirks.names()) {
    journal.mark("quirk", {{"name", name}});
  }
  return quirks;
}

std::shared_ptr<const Fixture> Edge::choose_fixture(const sip::IncomingCall& incoming,
                                                    const Journal& journal) {
  if (fixtures_.empty()) {
    return nullptr;
  }
  const auto name = header(incoming, replay_header);
  auto fixture = name.empty() ? fixtures_.next() : fixtures_.find(name);
  if (fixture == nullptr) {
    journal.mark("replay.unknown", {{"fixture", printable(name, longest_fixture_name)}});
  } else {
    journal.mark("replay", {{"fixture", fixture->name}});
  }
  return fixture;
}

void Edge::abandon_all() {
  for (const auto& known : legs_) {
    if (const auto leg = known.lock()) {
      leg->abandon();
    }
  }
}

/// Answers the offer in mind, before anybody decided: the webhook tells how the media is secured.
/// Takes the call out of `incoming` when it succeeds.
Result<OfferedCall> Edge::evaluate(sip::IncomingCall& incoming, const QuirkSet& quirks) const {
  if (incoming.sdp.empty()) {
    return fail(Errc::unsupported, "the INVITE carries no SDP offer");
  }
  const SimConfig& config = context_.config;
  auto sockets = media::MediaSockets::bind(config.host, config.rtp_first, config.rtp_last);
  if (!sockets) {
    return fail(std::move(sockets).error());
  }
  sip::MediaCapabilities capabilities;
  capabilities.address = sockets->address();
  capabilities.port = sockets->rtp_port();
  capabilities.codecs = codecs_;
  capabilities.session_name = "OAI";
  capabilities.single_codec_answer = true;
  capabilities.dtls_as_avp = quirks.has(Quirk::dtls_as_rtp);
  auto answer = sip::answer_offer(capabilities, incoming.sdp);
  if (!answer) {
    return fail(std::move(answer).error());
  }
  const auto codec = audio::codec_by_name(answer->media.codec.name);
  if (!codec) {
    return fail(Errc::unsupported, "codec " + answer->media.codec.name);
  }
  return OfferedCall{std::move(incoming.call), std::move(*sockets), std::move(capabilities),
                     std::move(*answer), *codec};
}

void Edge::announce(const sip::IncomingCall& incoming,
                    const CallIds& ids,
                    const CallLeg& leg,
                    const Journal& journal,
                    Ids& sequence) {
  if (leg.quirks().has(Quirk::lost_webhook)) {
    journal.mark("webhook.lost");
    return;
  }
  IncomingEvent event;
  event.call_id = ids.realtime;
  event.created_at = leg.clock().unix_seconds();
  event.media_security = leg.secure() ? "srtp" : "rtp";
  event.extra_field = leg.quirks().has(Quirk::extra_fields);
  for (const auto& field : incoming.headers) {
    event.sip_headers.push_back({field.name, field.value});
  }
  deliver(event, leg.quirks(), journal, sequence);
  if (ids.live.empty()) {
    return;
  }
  event.call_id = ids.live;
  event.type = "live.transport.incoming";
  deliver(event, leg.quirks(), journal, sequence);
  if (context_.config.live.deprecated_event) {
    event.type = "live.call.incoming";
    deliver(event, leg.quirks(), journal, sequence);
  }
}

void Edge::deliver(IncomingEvent event,
                   const QuirkSet& quirks,
                   const Journal& journal,
                   Ids& sequence) {
  event.event_id = sequence.webhook_event(event.created_at);
  const auto endpoints = webhooks_.endpoints.subscribers(event.type);
  if (endpoints.empty()) {
    journal.mark("webhook.none", {{"type", event.type}});
  }
  for (const std::string& endpoint : endpoints) {
    Delivery delivery;
    delivery.id = sequence.delivery();
    delivery.body = webhook_body(event);
    delivery.target = [&known = webhooks_.endpoints, endpoint, seed = context_.config.seed] {
      return known.target(endpoint, sim_seconds(seed));
    };
    delivery.copies = quirks.has(Quirk::duplicate_webhook) ? 2 : 1;
    if (quirks.has(Quirk::late_webhook)) {
      delivery.delay = context_.config.accept_deadline + after_the_deadline;
    } else if (quirks.has(Quirk::slow)) {
      delivery.delay = slow_webhook_delay;
    }
    const auto number =
        webhooks_.log.begin(delivery.id, event.type, event.call_id, endpoint, event.created_at);
    journal.log("webhook", {{"webhook_id", delivery.id},
                            {"type", event.type},
                            {"endpoint_id", endpoint},
                            {"body", delivery.body}});
    auto tell = [journal, type = event.type, number,
                 &log = webhooks_.log](const DeliveryAttempt& attempt) {
      log.note(number, attempt);
      boost::json::object detail{{"attempt", attempt.number}, {"type", type}};
      if (attempt.problem.empty()) {
        detail["status"] = attempt.status;
        journal.mark("webhook.delivered", detail);
      } else {
        detail["why"] = attempt.problem;
        journal.mark("webhook.failed", detail);
      }
    };
    webhooks_.sender.deliver(std::move(delivery), std::move(tell));
  }
}

}  // namespace offhook::sim
