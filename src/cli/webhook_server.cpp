#include "cli/webhook_server.hpp"

#include "net/url.hpp"

namespace offhook::cli {
namespace {

void take(agent::PendingCall call, call::IncomingCalls& incoming, Timeline& timeline) {
  using Delivered = call::IncomingCalls::Delivered;
  const std::string id = call.id;
  const bool live = call.api == agent::Api::live;
  const auto delivered = id.empty() ? Delivered::unknown : incoming.deliver(std::move(call));
  if (id.empty()) {
    timeline.mark("webhook", "test", {{"note", "a test delivery: the webhook works"}});
  } else if (delivered == Delivered::unknown) {
    timeline.mark("webhook", "other_call",
                  {{"call_id", id}, {"note", "not a call of ours: left alone"}});
  } else if (delivered == Delivered::other_api) {
    timeline.mark("webhook", live ? "live.transport.incoming" : "realtime.call.incoming",
                  {{live ? "session_id" : "call_id", id}});
  }
}

void take(const openai::WebhookEvent& event, call::IncomingCalls& incoming, Timeline& timeline) {
  agent::PendingCall offered;
  if (const auto* call = std::get_if<openai::RealtimeCallIncoming>(&event)) {
    offered.id = call->call_id;
    offered.sip_headers = call->sip_headers;
    offered.media_security = call->media_security;
    take(std::move(offered), incoming, timeline);
  } else if (const auto* live = std::get_if<openai::LiveTransportIncoming>(&event)) {
    offered.api = agent::Api::live;
    offered.id = live->session_id;
    offered.sip_headers = live->sip_headers;
    offered.media_security = live->media_security;
    take(std::move(offered), incoming, timeline);
  } else if (const auto* other = std::get_if<openai::OtherWebhook>(&event)) {
    timeline.mark("webhook", "other", {{"type", other->type}});
  }
}

}  // namespace

Result<std::unique_ptr<WebhookServer>> WebhookServer::start(
    const boost::asio::any_io_executor& control,
    const CallSettings& settings,
    call::IncomingCalls& incoming,
    Timeline& timeline) {
  const auto address = net::parse_host_port(settings.listen);
  if (!address) {
    return fail(Error{address.error()}.with("--listen"));
  }
  net::HttpServerOptions options;
  options.host = address->host;
  options.port = address->port;
  if (!settings.cert.empty()) {
    auto tls = net::make_server_tls(settings.cert, settings.key);
    if (!tls) {
      return fail(std::move(tls).error());
    }
    options.tls = std::move(*tls);
  }
  std::unique_ptr<WebhookServer> webhook{new WebhookServer};
  webhook->scheme_ = options.tls ? "https" : "http";
  webhook->host_ =
      options.host.find(':') == std::string::npos ? options.host : "[" + options.host + "]";
  openai::WebhookReceiverOptions receiver;
  receiver.secrets = settings.webhook_secrets;
  receiver.path = webhook->path_ = settings.webhook_path;
  receiver.on_event = [&incoming, &timeline](const openai::WebhookEvent& event,
                                             const std::string&) {
    take(event, incoming, timeline);
  };
  receiver.on_refused = [&timeline](openai::WebhookRefusal reason) {
    timeline.mark("webhook", "refused", {{"reason", to_string(reason)}});
  };
  webhook->receiver_ = std::make_unique<openai::WebhookReceiver>(control, std::move(receiver));
  auto server =
      net::HttpServer::listen(control, std::move(options), webhook->receiver_->handlers());
  if (!server) {
    return fail(std::move(server).error().with("webhook server"));
  }
  webhook->server_ = std::move(*server);
  return webhook;
}

std::string WebhookServer::url() const {
  return scheme_ + "://" + host_ + ":" + std::to_string(server_->port()) + path_;
}

}  // namespace offhook::cli
