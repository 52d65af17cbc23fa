#include "sim/sim.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "audio/speech.hpp"
#include "base/printable.hpp"
#include "base/random.hpp"
#include "net/certificates.hpp"
#include "net/http_server.hpp"
#include "net/tls.hpp"
#include "net/url.hpp"
#include "sim/azure.hpp"
#include "sim/call_clock.hpp"
#include "sim/call_records.hpp"
#include "sim/calls.hpp"
#include "sim/edge.hpp"
#include "sim/listener.hpp"
#include "sim/rest_api.hpp"
#include "sim/sideband_server.hpp"
#include "sim/trunk_dialler.hpp"
#include "sim/voice.hpp"
#include "sim/webhook_api.hpp"
#include "sim/webhook_sender.hpp"
#include "sip/endpoint.hpp"

namespace offhook::sim {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::string_view certificate_name = "sip.api.openai.com";
constexpr auto stop_limit = 3s;
constexpr auto lost_answer_wait = 60s;
constexpr std::size_t longest_logged_text = 200;
constexpr int switching_protocols = 101;
constexpr int voice_check_rate_hz = 16'000;

/// A folder that goes away with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder() = default;
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    if (!path_.empty()) {
      std::error_code ignored;
      std::filesystem::remove_all(path_, ignored);
    }
  }

  const std::filesystem::path& choose() {
    path_ = std::filesystem::temp_directory_path() / ("offhook-sim-" + random_hex(16));
    return path_;
  }

 private:
  std::filesystem::path path_;
};

net::CertificateRequest certificate_request(const SimConfig& config) {
  net::CertificateRequest request;
  request.names = {std::string{certificate_name}, "api.openai.com", "localhost"};
  request.ips = {"127.0.0.1", "::1"};
  for (const std::string& host : {config.host, config.api_host, config.api_tls_host}) {
    boost::system::error_code no_address;
    const auto address = asio::ip::make_address(host, no_address);
    auto& list = no_address ? request.names : request.ips;
    const std::string text = no_address ? host : address.to_string();
    if (std::find(list.begin(), list.end(), text) == list.end()) {
      list.push_back(text);
    }
  }
  return request;
}

/// Nowhere is a good place for webhooks, too.
Result<> check_webhook(const std::string& url) {
  if (url.empty()) {
    return {};
  }
  const auto parsed = net::parse_url(url);
  if (!parsed || (parsed->scheme != "http" && parsed->scheme != "https")) {
    return fail(Errc::invalid_argument,
                "sim: webhooks cannot go to '" + printable(url, longest_logged_text) +
                    "'; write http://HOST:PORT/PATH or https://HOST:PORT/PATH");
  }
  return {};
}

Result<> check(const SimConfig& config) {
  if (config.api_key.empty()) {
    return fail(Errc::invalid_argument, "sim: an API key is needed that controllers must show");
  }
  const auto spoken = audio::speak({}, config.voice, voice_check_rate_hz);
  if (!spoken) {
    return fail(Errc::invalid_argument,
                "sim: " + printable(spoken.error().detail, longest_logged_text));
  }
  return check_webhook(config.webhook_url);
}

}  // namespace

class Sim::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::any_io_executor control, media::Engine& engine, SimConfig config, Timeline* timeline)
      : control_{std::move(control)},
        engine_{engine},
        config_{std::move(config)},
        timeline_{timeline},
        ids_{config_.seed},
        calls_{{config_.assumptions.double_decision, config_.assumptions.unknown_call}},
        voice_{control_, config_.voice},
        rest_{calls_, config_.api_key, ids_.for_call(), rules(config_), hooks()},
        sideband_{calls_, config_.api_key, ids_.for_call(), config_.assumptions.early_sideband} {}

  Result<> start(sip::Loop& loop) {
    start_recogniser();
    if (auto made = make_certificates(); !made) {
      return fail(std::move(made).error().with("sim: certificates"));
    }
    auto tls = net::make_client_tls(config_.webhook_ca_file);
    if (!tls) {
      return fail(std::move(tls).error().with("sim: webhook"));
    }
    auto system = config_.webhook_ca_file.empty() ? tls : net::make_client_tls();
    if (!system) {
      return fail(std::move(system).error().with("sim: trust anchors of the system"));
    }
    outgoing_tls_ = std::move(*system);
    const WebhookOptions options{config_.assumptions.webhook_timeout,
                                 config_.assumptions.webhook_retries};
    webhooks_.emplace(control_, std::move(*tls), ids_.for_call(), options);
    webhooks_->endpoints.configure(config_.webhook_url, config_.webhook_secret,
                                   sim_seconds(config_.seed));
    webhook_api_.emplace(webhooks_->endpoints, webhooks_->sender, config_.api_key, ids_.for_call(),
                         config_.seed);
    if (auto served = start_servers(); !served) {
      return fail(std::move(served).error().with("sim: API"));
    }
    if (auto answering = start_sip(loop); !answering) {
      return fail(std::move(answering).error().with("sim: SIP"));
    }
    return {};
  }

  [[nodiscard]] const Result<std::string>& recogniser() const noexcept { return recogniser_; }
  [[nodiscard]] const SimAddresses& addresses() const noexcept { return addresses_; }

  Result<> set_webhook(std::string url, Secret secret) {
    auto usable = check_webhook(url);
    if (usable) {
      webhooks_->endpoints.configure(std::move(url), std::move(secret), sim_seconds(config_.seed));
    }
    return usable;
  }

  asio::awaitable<void> close() {
    end_calls();
    if (dialler_) {
      co_await dialler_->close(stop_limit);
    }
    if (endpoint_) {
      co_await endpoint_->close(stop_limit);
    }
    stop();
  }

  void stop() {
    end_calls();
    api_.reset();
    api_tls_.reset();
    endpoint_.reset();
    if (edge_) {
      edge_->abandon_all();
    }
    if (dialler_) {
      dialler_->abandon_all();
    }
  }

 private:
  static RestRules rules(const SimConfig& config) {
    RestRules rules{config.live.plain_rtp, config.live.outbound, config.live.outbound};
    rules.bad_accept_fails_later = config.assumptions.bad_accept_fails_later;
    rules.session.silence_duration_ms =
        static_cast<int>(config.assumptions.silence_duration.count());
    rules.session.vad_in_accept = config.assumptions.vad_in_accept;
    return rules;
  }

  /// They are used while this exists only.
  RestHooks hooks() {
    RestHooks hooks;
    hooks.dial = [this](OutboundRequest request) { return dialler_->dial(std::move(request)); };
    hooks.status = [this] {
      return boost::json::object{{"project", config_.project},
                                 {"webhook_endpoints", webhooks_->endpoints.describe()},
                                 {"deliveries", webhooks_->log.describe()},
                                 {"ended_calls", records_.ended()}};
    };
    hooks.story = [this](const std::string& id) -> std::optional<boost::json::object> {
      const auto record = records_.find(id);
      if (record == nullptr) {
        return std::nullopt;
      }
      return CallRecords::describe(*record, calls_.describe(record->ids.front()));
    };
    hooks.answered = [this](const std::string& id, const net::HttpRequest& request, int status,
                            std::string_view error) {
      records_.note_request(id, request, status, error);
    };
    return hooks;
  }

  void end_calls() {
    if (webhooks_) {
      webhooks_->sender.stop();
    }
    for (const auto& leg : calls_.all()) {
      leg->hang_up();
    }
  }

  Result<> make_certificates() {
    if (!config_.sip_tls_port && !config_.api_tls_port) {
      return {};
    }
    const std::filesystem::path folder =
        config_.certs_dir.empty() ? own_folder_.choose() : std::filesystem::path{config_.certs_dir};
    auto files = net::make_certificates(folder, certificate_request(config_));
    if (!files) {
      return fail(std::move(files).error());
    }
    server_file_ = files->server_file;
    addresses_.ca_file = files->ca_file;
    addresses_.server_name = certificate_name;
    return {};
  }

  /// Its absence is no failure: the sim then knows only the script's words.
  void start_recogniser() {
    if (!config_.recognise) {
      return;
    }
    auto listener = Listener::start(control_);
    if (listener) {
      listener_ = std::move(*listener);
      recogniser_ = listener_->name();
    } else {
      recogniser_ = fail(std::move(listener).error());
    }
  }

  Result<> start_servers() {
    if (config_.api_port) {
      auto server = listen(config_.api_host, *config_.api_port, {});
      if (!server) {
        return fail(std::move(server).error());
      }
      api_ = std::move(*server);
      addresses_.api_port = api_->port();
    }
    if (config_.api_tls_port) {
      auto tls = net::make_server_tls(server_file_, server_file_);
      if (!tls) {
        return fail(std::move(tls).error());
      }
      auto server = listen(config_.api_tls_host, *config_.api_tls_port, std::move(*tls));
      if (!server) {
        return fail(std::move(server).error());
      }
      api_tls_ = std::move(*server);
      addresses_.api_tls_port = api_tls_->port();
    }
    return {};
  }

  Result<std::unique_ptr<net::HttpServer>> listen(const std::string& host,
                                                  std::uint16_t port,
                                                  net::TlsContext tls) {
    net::HttpServerOptions options;
    options.host = host;
    options.port = port;
    options.tls = std::move(tls);
    net::HttpHandlers handlers;
    handlers.request = [weak = weak_from_this()](net::HttpRequest request) {
      return answer(weak, std::move(request));
    };
    handlers.refuse_upgrade = [weak = weak_from_this()](const net::HttpRequest& sent) {
      const auto self = weak.lock();
      return self ? self->refuse_upgrade(without_azure(sent), sent)
                  : std::optional<net::HttpResponse>{net::HttpResponse{503, {}, {}}};
    };
    handlers.websocket = [weak = weak_from_this()](net::HttpRequest request,
                                                   net::WebSocket socket) {
      const auto self = weak.lock();
      const bool graceful = request.query("graceful_close") == "true" ||
                            (self && self->config_.assumptions.close_frame);
      request = without_azure(std::move(request));
      return SidebandServer::serve(self ? self->control_ : asio::any_io_executor{},
                                   self ? self->sideband_.call_of(request) : nullptr, graceful,
                                   std::move(socket));
    };
    return net::HttpServer::listen(control_, std::move(options), std::move(handlers));
  }

  std::optional<net::HttpResponse> refuse_upgrade(const net::HttpRequest& request,
                                                  const net::HttpRequest& sent) {
    auto refused = sideband_.refuse(request);
    records_.note_request(SidebandServer::call_id_of(request), sent,
                          refused ? refused->status : switching_protocols, {});
    return refused;
  }

  static asio::awaitable<net::HttpResponse> answer(std::weak_ptr<Impl> weak,
                                                   net::HttpRequest request) {
    const auto self = weak.lock();
    if (!self) {
      co_return net::HttpResponse{503, {}, {}};
    }
    if (!is_azure(request)) {
      net::HttpResponse response = co_await serve(self, request, request);
      co_return response;
    }
    net::HttpRequest plain = without_azure(request);
    if (authorized(plain, self->config_.api_key)) {
      if (const auto refused = azure_refusal(plain)) {
        co_return error_response(*refused, self->ids_.request());
      }
    }
    net::HttpResponse response = co_await serve(self, std::move(plain), std::move(request));
    co_return with_azure(std::move(response));
  }

  /// @param sent  The same request in its sender's words.
  static asio::awaitable<net::HttpResponse> serve(std::shared_ptr<Impl> self,
                                                  net::HttpRequest request,
                                                  net::HttpRequest sent) {
    if (WebhookApi::serves(request.path())) {
      net::HttpResponse managed = co_await self->webhook_api_->handle(std::move(request));
      co_return managed;
    }
    if (const auto delay = self->rest_.delay(request); delay.count() > 0) {
      asio::steady_timer timer{self->control_, delay};
      co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    RestAnswer answer = self->rest_.handle(request, sent);
    if (answer.lost) {
      asio::steady_timer timer{self->control_, lost_answer_wait};
      co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return std::move(answer.response);
  }

  Result<> start_sip(sip::Loop& loop) {
    const LegContext context{
        control_,        engine_,       voice_,
        listener_.get(), calls_,        config_,
        records_,        outgoing_tls_, config_.brain ? &*config_.brain : nullptr};
    edge_.emplace(context, ids_.for_call(), *webhooks_, timeline_);
    if (config_.live.outbound) {
      dialler_.emplace(context, ids_.for_call(), loop, timeline_);
    }
    sip::ServerConfig config;
    config.bind_address = config_.host;
    config.tls_port = config_.sip_tls_port;
    config.tls_cert_file = server_file_;
    config.udp_port = config_.sip_udp_port;
    config.takes_offers = !config_.assumptions.refuse_reinvite;
    config.session_timers = config_.assumptions.session_timers;
    config.answers_options = config_.assumptions.answer_options;
    config.trying_at_once = false;  // the edge knows which INVITEs are to get nothing
    config.on_message = [weak = weak_from_this()](const sip::WireMessage& message) {
      if (const auto self = weak.lock()) {
        self->records_.on_sip(message);
      }
    };
    auto on_incoming = [weak = weak_from_this()](sip::IncomingCall incoming) {
      if (const auto self = weak.lock()) {
        self->edge_->on_incoming(std::move(incoming));
      }
    };
    auto endpoint =
        sip::Endpoint::start_server(loop, control_, std::move(config), {}, std::move(on_incoming));
    if (!endpoint) {
      return fail(std::move(endpoint).error());
    }
    endpoint_ = std::move(*endpoint);
    addresses_.sip_tls_port = endpoint_->tls_port();
    addresses_.sip_udp_port = endpoint_->udp_port();
    return {};
  }

  asio::any_io_executor control_;
  media::Engine& engine_;
  SimConfig config_;
  Timeline* timeline_;
  Ids ids_;
  CallRecords records_;
  Calls calls_;
  Voice voice_;
  std::unique_ptr<Listener> listener_;
  Result<std::string> recogniser_ = fail(Errc::not_found, "switched off");
  RestApi rest_;
  SidebandServer sideband_;
  TemporaryFolder own_folder_;
  std::string server_file_;
  SimAddresses addresses_;
  std::optional<Webhooks> webhooks_;
  std::optional<WebhookApi> webhook_api_;
  net::TlsContext outgoing_tls_;
  std::optional<Edge> edge_;
  std::unique_ptr<net::HttpServer> api_;
  std::unique_ptr<net::HttpServer> api_tls_;
  std::unique_ptr<sip::Endpoint> endpoint_;
  std::optional<TrunkDialler> dialler_;
};

Result<std::unique_ptr<Sim>> Sim::start(const asio::any_io_executor& control,
                                        sip::Loop& sip_loop,
                                        media::Engine& engine,
                                        SimConfig config,
                                        Timeline* timeline) {
  if (auto usable = check(config); !usable) {
    return fail(std::move(usable).error());
  }
  auto impl = std::make_shared<Impl>(control, engine, std::move(config), timeline);
  if (auto started = impl->start(sip_loop); !started) {
    impl->stop();
    return fail(std::move(started).error());
  }
  return std::unique_ptr<Sim>{new Sim{std::move(impl)}};
}

Sim::Sim(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}

Sim::~Sim() { impl_->stop(); }

const SimAddresses& Sim::addresses() const noexcept { return impl_->addresses(); }

const Result<std::string>& Sim::recogniser() const noexcept { return impl_->recogniser(); }

Result<> Sim::set_webhook(std::string url, Secret secret) {
  return impl_->set_webhook(std::move(url), std::move(secret));
}

asio::awaitable<void> Sim::close() { return impl_->close(); }

}  // namespace offhook::sim
