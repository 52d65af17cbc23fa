#include "serve/service.hpp"

#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/http_server.hpp"
#include "net/url.hpp"
#include "openai/calls_api.hpp"
#include "openai/live_api.hpp"
#include "openai/webhook_receiver.hpp"
#include "serve/agent_file_policy.hpp"
#include "serve/clock_watch.hpp"
#include "serve/control_api.hpp"

namespace offhook::serve {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds clock_look{1'000};

std::string url_of(std::string_view scheme, const std::string& listen, std::uint16_t port) {
  const auto address = net::parse_host_port(listen);
  std::string host = address ? address->host : listen;
  if (host.find(':') != std::string::npos) {
    host = "[" + host + "]";
  }
  return std::string{scheme} + "://" + host + ":" + std::to_string(port);
}

Result<net::HttpServerOptions> listen_options(const std::string& listen, std::string_view field) {
  const auto address = net::parse_host_port(listen);
  if (!address) {
    return fail(Error{address.error()}.with(field));
  }
  net::HttpServerOptions options;
  options.host = address->host;
  options.port = address->port;
  return options;
}

std::chrono::nanoseconds clock_offset() {
  return std::chrono::system_clock::now().time_since_epoch() -
         std::chrono::steady_clock::now().time_since_epoch();
}

/// Not a lambda and with a configuration of its own: it may be exchanged meanwhile.
asio::awaitable<Result<>> reject_call(std::shared_ptr<const ServiceConfig> config,
                                      agent::Api api,
                                      std::string id,
                                      int sip_status) {
  if (api == agent::Api::live) {
    openai::LiveApi live{config->provider};
    co_return co_await live.reject(std::move(id), sip_status);
  }
  openai::CallsApi realtime{config->provider};
  co_return co_await realtime.reject(std::move(id), sip_status);
}

asio::awaitable<Result<>> hang_up_call(std::shared_ptr<const ServiceConfig> config,
                                       agent::Api api,
                                       std::string id) {
  if (api == agent::Api::live) {
    openai::LiveApi live{config->provider};
    co_return co_await live.hang_up(std::move(id));
  }
  openai::CallsApi realtime{config->provider};
  co_return co_await realtime.hang_up(std::move(id));
}

}  // namespace

class Service::Impl {
 public:
  Impl(const asio::any_io_executor& executor, ServiceOptions options, CallJournal& journal)
      : executor_{executor},
        options_{std::move(options)},
        config_{options_.config},
        journal_{journal},
        policy_{file_of(config_)},
        feed_{executor},
        desk_{desk_services(), options_.desk},
        receiver_{executor, receiver_options()},
        control_{control_services()},
        drain_changed_{executor},
        look_{executor} {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  /// The configurations may outlive the executor, their connections may not.
  ~Impl() {
    journal_.watch(executor_, {});
    for (const auto& config : {options_.config, config_}) {
      if (config->provider.connections) {
        config->provider.connections->close();
      }
    }
  }

  Result<> listen();
  [[nodiscard]] std::string webhook_url() const;
  [[nodiscard]] std::string control_url() const;
  [[nodiscard]] EventFeed& feed() noexcept { return feed_; }
  [[nodiscard]] CallDesk& desk() noexcept { return desk_; }
  asio::awaitable<Result<std::size_t>> resume_calls();
  std::string reload(std::shared_ptr<const ServiceConfig> config);
  void drain(std::optional<milliseconds> limit);
  asio::awaitable<void> drained();

 private:
  /// The file inside a configuration, keeping all of it alive.
  static std::shared_ptr<const agent::AgentFile> file_of(
      const std::shared_ptr<const ServiceConfig>& config) {
    return {config, &config->file};
  }
  [[nodiscard]] CallDeskServices desk_services();
  [[nodiscard]] openai::WebhookReceiverOptions receiver_options();
  [[nodiscard]] ControlApiServices control_services();
  [[nodiscard]] Gauges gauges() const;
  [[nodiscard]] std::string not_ready() const;
  asio::awaitable<void> drain_desk(milliseconds limit);
  void on_journal(const JournalChange& change);
  void watch_clock();
  void look_at_clock();
  void on_signed_time(bool fits);

  asio::any_io_executor executor_;
  ServiceOptions options_;
  std::shared_ptr<const ServiceConfig> config_;
  CallJournal& journal_;
  AgentFilePolicy policy_;
  EventFeed feed_;
  Metrics metrics_;
  CallDesk desk_;
  openai::WebhookReceiver receiver_;
  ControlApi control_;
  net::Event drain_changed_;
  asio::steady_timer look_;
  ClockWatch clock_{clock_offset()};
  bool clock_doubted_ = false;                                  ///< As it was told last.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< For what was posted.
  bool known_ = false;    ///< The calls of an earlier process are known, none can be taken twice.
  bool resumed_ = false;  ///< They have been begun.
  std::vector<std::pair<openai::WebhookEvent, std::string>> waiting_;  ///< Until `known_`.
  bool draining_ = false;
  bool drained_ = false;
  std::unique_ptr<net::HttpServer> webhook_server_;  ///< Last: handlers end first.
  std::unique_ptr<net::HttpServer> control_server_;
};

CallDeskServices Service::Impl::desk_services() {
  return {
      executor_,
      policy_,
      journal_,
      feed_,
      metrics_,
      [this](ConversationOrder order) {
        return options_.make_conversation(*config_, std::move(order));
      },
      [this](agent::Api api, std::string id, int sip_status) {
        return reject_call(config_, api, std::move(id), sip_status);
      },
      [this](agent::Api api, std::string id) { return hang_up_call(config_, api, std::move(id)); }};
}

openai::WebhookReceiverOptions Service::Impl::receiver_options() {
  openai::WebhookReceiverOptions options;
  options.secrets = config_->file.webhook.secrets;
  options.path = config_->file.webhook.path;
  options.on_event = [this](openai::WebhookEvent event, std::string webhook_id) {
    if (known_) {
      desk_.on_webhook(std::move(event), std::move(webhook_id));
    } else {
      waiting_.emplace_back(std::move(event), std::move(webhook_id));
    }
  };
  options.on_signed_time = [this](bool fits) { on_signed_time(fits); };
  options.on_refused = [this](openai::WebhookRefusal reason) {
    feed_.publish({}, "webhook", {{"outcome", "refused"}, {"why", openai::to_string(reason)}});
  };
  return options;
}

ControlApiServices Service::Impl::control_services() {
  return {desk_,
          feed_,
          metrics_,
          [this] { return gauges(); },
          [this] { return not_ready(); },
          [this](std::optional<std::chrono::seconds> limit) { drain(limit); },
          options_.control_token};
}

Result<> Service::Impl::listen() {
  const agent::WebhookSettings& webhook = config_->file.webhook;
  auto options = listen_options(webhook.listen, "webhook.listen");
  if (!options) {
    return fail(std::move(options).error());
  }
  if (!webhook.cert.empty()) {
    auto tls = net::make_server_tls(webhook.cert, webhook.key);
    if (!tls) {
      return fail(std::move(tls).error().with("webhook.cert"));
    }
    options->tls = std::move(*tls);
  }
  auto server = net::HttpServer::listen(executor_, std::move(*options), receiver_.handlers());
  if (!server) {
    return fail(std::move(server).error().with("webhook.listen"));
  }
  webhook_server_ = std::move(*server);
  if (!options_.control_listen.empty()) {
    auto control = listen_options(options_.control_listen, "control.listen");
    if (!control) {
      return fail(std::move(control).error());
    }
    control->max_body_bytes = max_order_bytes;
    auto serving = net::HttpServer::listen(executor_, std::move(*control), control_.handlers());
    if (!serving) {
      return fail(std::move(serving).error().with("control.listen"));
    }
    control_server_ = std::move(*serving);
  }
  journal_.watch(executor_, [this, alive = std::weak_ptr{alive_}](const JournalChange& change) {
    if (alive.lock()) {
      on_journal(change);
    }
  });
  watch_clock();
  return {};
}

std::string Service::Impl::webhook_url() const {
  const agent::WebhookSettings& webhook = options_.config->file.webhook;
  return url_of(webhook.cert.empty() ? "http" : "https", webhook.listen, webhook_server_->port()) +
         webhook.path;
}

std::string Service::Impl::control_url() const {
  return control_server_ ? url_of("http", options_.control_listen, control_server_->port())
                         : std::string{};
}

asio::awaitable<Result<std::size_t>> Service::Impl::resume_calls() {
  const auto past = co_await journal_.last_day();
  if (past) {
    for (const PastUse& use : *past) {
      policy_.add_past(use.caller, use.used);
    }
  }
  const std::string all;
  auto live = co_await journal_.take_over(all);
  if (live) {
    desk_.know(*live);
  }
  known_ = true;
  for (auto& [event, webhook_id] : std::exchange(waiting_, {})) {
    desk_.on_webhook(std::move(event), std::move(webhook_id));
  }
  if (!live) {
    resumed_ = true;
    co_return fail(std::move(live).error());
  }
  const auto count = co_await desk_.resume_calls(std::move(*live));
  resumed_ = true;
  co_return count;
}

std::string Service::Impl::reload(std::shared_ptr<const ServiceConfig> config) {
  const agent::AgentFile& before = options_.config->file;
  const agent::AgentFile& after = config->file;
  std::string kept;
  const auto compare = [&](std::string_view field, const std::string& a, const std::string& b) {
    if (a != b) {
      kept.append(kept.empty() ? "" : ", ").append(field);
    }
  };
  compare("webhook.listen", before.webhook.listen, after.webhook.listen);
  compare("webhook.path", before.webhook.path, after.webhook.path);
  compare("webhook.cert", before.webhook.cert, after.webhook.cert);
  compare("webhook.key", before.webhook.key, after.webhook.key);
  compare("control.listen", before.control.listen, after.control.listen);
  compare("journal", before.journal, after.journal);
  const auto secret = [](const Secret& token) { return std::string{token.reveal()}; };
  compare("control.token", secret(before.control.token), secret(after.control.token));
  if (before.keep != after.keep) {
    kept.append(kept.empty() ? "" : ", ").append("keep");
  }
  receiver_.set_secrets(after.webhook.secrets);
  config_ = std::move(config);
  policy_.replace(file_of(config_));
  feed_.publish({}, "reloaded", {{"needs_restart", kept}});
  return kept;
}

void Service::Impl::drain(std::optional<milliseconds> limit) {
  if (std::exchange(draining_, true)) {
    return;
  }
  desk_.refuse_new_calls();
  drain_changed_.notify();
  asio::co_spawn(executor_, drain_desk(limit.value_or(options_.drain_limit)), asio::detached);
}

asio::awaitable<void> Service::Impl::drain_desk(milliseconds limit) {
  co_await desk_.drain(limit, options_.drain_end);
  drained_ = true;
  drain_changed_.notify();
}

asio::awaitable<void> Service::Impl::drained() {
  while (!drained_) {
    co_await drain_changed_.wait();
  }
}

Gauges Service::Impl::gauges() const {
  const JournalHealth journal = journal_.health();
  return {.live_calls = desk_.live_calls(),
          .held_offers = desk_.held_offers(),
          .followers = control_.followers(),
          .draining = desk_.draining(),
          .journal_ok = journal.ok,
          .journal_queue = journal.queue,
          .journal_commits = journal.commits,
          .journal_writes = journal.writes,
          .journal_failures = journal.failures,
          .journal_outages = journal.outages,
          .journal_down_s = std::chrono::duration<double>(journal.down).count(),
          .clock_offset_s = static_cast<double>(clock_.total().count()),
          .clock_doubted = !clock_.doubt(Timeline::Clock::now()).empty(),
          .webhooks = receiver_.counts()};
}

std::string Service::Impl::not_ready() const {
  if (desk_.draining()) {
    return "draining: no new calls are taken";
  }
  if (!resumed_) {
    return "starting: the calls of an earlier process are being taken up";
  }
  const JournalHealth journal = journal_.health();
  return journal.ok ? clock_.doubt(Timeline::Clock::now())
                    : "the journal cannot be written: " + journal.why;
}

void Service::Impl::on_journal(const JournalChange& change) {
  if (change.ok) {
    feed_.publish({}, "journal_restored", {{"after_ms", change.lasted.count()}});
  } else {
    feed_.publish({}, "journal_failed", {{"why", change.why}});
  }
}

void Service::Impl::watch_clock() {
  look_at_clock();
  look_.expires_after(clock_look);
  look_.async_wait([this](boost::system::error_code failure) {
    if (!failure) {
      watch_clock();
    }
  });
}

/// A set clock is told, not mended.
void Service::Impl::look_at_clock() {
  if (const auto by = clock_.look(clock_offset())) {
    ++metrics_.clock_steps;
    feed_.publish({}, "clock_set", {{"by_s", by->count()}});
  }
  const std::string doubt = clock_.doubt(Timeline::Clock::now());
  if (std::exchange(clock_doubted_, !doubt.empty()) != clock_doubted_) {
    if (clock_doubted_) {
      feed_.publish({}, "clock_doubted", {{"why", doubt}});
    } else {
      feed_.publish({}, "clock_believed", {});
    }
  }
}

void Service::Impl::on_signed_time(bool fits) {
  look_at_clock();  // it may have been set a moment ago
  clock_.on_webhook(fits, Timeline::Clock::now());
  look_at_clock();
}

Result<std::shared_ptr<const ServiceConfig>> make_service_config(agent::AgentFile file,
                                                                 ServiceParts parts) {
  auto provider = agent::make_provider(file.provider);
  if (!provider) {
    return fail(std::move(provider).error());
  }
  provider->connections = std::make_shared<net::HttpConnections>();
  auto tools_tls = net::make_client_tls(file.tools_ca);
  if (!tools_tls) {
    return fail(std::move(tools_tls).error().with("tools_ca"));
  }
  auto make_tool = agent::tool_factory({.tls = std::move(*tools_tls),
                                        .functions = std::move(parts.functions),
                                        .log = std::move(parts.log)});
  return std::make_shared<const ServiceConfig>(ServiceConfig{
      std::move(file), std::move(*provider), std::move(make_tool), std::move(parts.hold_sounds)});
}

Service::Service(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::start(const asio::any_io_executor& executor,
                                                ServiceOptions options,
                                                CallJournal& journal) {
  auto impl = std::make_unique<Impl>(executor, std::move(options), journal);
  auto listening = impl->listen();
  if (!listening) {
    return fail(std::move(listening).error());
  }
  return std::unique_ptr<Service>{new Service{std::move(impl)}};
}

std::string Service::webhook_url() const { return impl_->webhook_url(); }
std::string Service::control_url() const { return impl_->control_url(); }
EventFeed& Service::feed() noexcept { return impl_->feed(); }
CallDesk& Service::desk() noexcept { return impl_->desk(); }
asio::awaitable<Result<std::size_t>> Service::resume_calls() { return impl_->resume_calls(); }
std::string Service::reload(std::shared_ptr<const ServiceConfig> config) {
  return impl_->reload(std::move(config));
}
void Service::drain(std::optional<milliseconds> limit) { impl_->drain(limit); }
asio::awaitable<void> Service::drained() { return impl_->drained(); }

}  // namespace offhook::serve
