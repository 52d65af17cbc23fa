#include "sim/trunk_dialler.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

namespace offhook::sim {
namespace {

constexpr std::size_t most_providers = 64;

ApiError setup_failed(const std::string& why) {
  return {"transport_setup_failed", "The SIP transport could not be set up: " + why + ".",
          std::nullopt, 502, "server_error"};
}

/// What every trunk must take: Opus over SRTP (docs/openai-behaviour.md 10.4).
sip::MediaCapabilities capabilities(const media::MediaSockets& sockets) {
  const auto& opus = audio::codec_info(audio::CodecId::opus);
  sip::MediaCapabilities own;
  own.address = sockets.address();
  own.port = sockets.rtp_port();
  own.codecs = {{opus.payload_type, std::string{opus.sdp_name}, opus.rtp_clock_hz,
                 opus.sdp_channels, std::string{opus.fmtp}},
                {101, "telephone-event", 8'000, 1, "0-16"}};
  own.allow_avp = false;
  own.session_name = "OAI";
  return own;
}

}  // namespace

TrunkDialler::TrunkDialler(LegContext context, Ids ids, sip::Loop& loop, Timeline* timeline)
    : context_{std::move(context)}, ids_{std::move(ids)}, loop_{loop}, timeline_{timeline} {}

Result<sip::Endpoint*> TrunkDialler::endpoint_for(const std::string& host) {
  if (const auto known = endpoints_.find(host); known != endpoints_.end()) {
    return known->second.get();
  }
  if (endpoints_.size() >= most_providers) {
    return fail(Errc::overloaded, "too many providers");
  }
  sip::TlsClientConfig config;
  config.server_name = host;
  config.ca_file = context_.config.live.trunk_ca_file;
  config.bind_address = context_.config.host;
  config.on_message = [&records = context_.records](const sip::WireMessage& message) {
    records.on_sip(message);
  };
  auto endpoint = sip::Endpoint::start_client(loop_, context_.control, std::move(config));
  if (!endpoint) {
    return fail(std::move(endpoint).error());
  }
  return endpoints_.emplace(host, std::move(*endpoint)).first->second.get();
}

ApiResult<std::string> TrunkDialler::dial(OutboundRequest request) {
  const auto endpoint = endpoint_for(request.trunk.host);
  if (!endpoint) {
    return refuse(setup_failed(endpoint.error().detail));
  }
  const SimConfig& config = context_.config;
  auto sockets = media::MediaSockets::bind(config.host, config.rtp_first, config.rtp_last);
  if (!sockets) {
    return refuse(setup_failed(sockets.error().detail));
  }
  auto offer = sip::make_offer(capabilities(*sockets), sip::SdpProfile::savp);
  if (!offer) {
    return refuse(setup_failed(offer.error().detail));
  }
  CallIds ids;
  Ids sequence = ids_.for_call();
  ids.live = sequence.live_session();
  std::mt19937 dice{sequence.number()};
  auto record = context_.records.begin({ids.live});
  LegIdentity identity{ids, sequence.for_call(), draw_quirks(config.quirks, dice),
                       sequence.number(), Journal{timeline_, ids.live, std::move(record)}};
  if (sequence.seeded()) {
    identity.clock = std::make_shared<CallClock>(sequence.number());
  }
  const auto leg = std::make_shared<OutboundLeg>(context_, std::move(identity), std::move(*sockets),
                                                 std::move(*offer));
  std::erase_if(legs_, [](const auto& known) { return known.expired(); });
  legs_.push_back(leg);
  leg->start(std::move(request.session), request.trunk, **endpoint);
  return ids.live;
}

boost::asio::awaitable<void> TrunkDialler::close(std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  for (const auto& [host, endpoint] : endpoints_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    const auto patience = std::max(std::chrono::milliseconds{0}, left);
    co_await endpoint->close(patience);
  }
}

void TrunkDialler::abandon_all() {
  endpoints_.clear();
  for (const auto& known : legs_) {
    if (const auto leg = known.lock()) {
      leg->abandon();
    }
  }
}

}  // namespace offhook::sim
