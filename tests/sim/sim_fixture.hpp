#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/json.hpp"
#include "conformance/conversations.hpp"
#include "conformance/type_book.hpp"
#include "media/engine.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/websocket.hpp"
#include "openai/webhook.hpp"
#include "sim/sim.hpp"
#include "sip/endpoint.hpp"
#include "sip/loop.hpp"

namespace offhook::sim {

/// Far beyond what any case needs: only a case that hangs meets it.
constexpr std::chrono::seconds generous{60};

inline const std::string test_key = "sk-sim-test";
inline const std::string test_secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// The sockets of one controller on one call: collects every event.
struct Observed {
  std::optional<net::WebSocket> socket{};
  std::string_view body;  ///< What its events are, for the type check.
  std::vector<boost::json::value> events{};
  bool over = false;
  int close_status = 0;

  /// Index of the first event of a type from `from` on, or nothing.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view type, std::size_t from = 0) const {
    for (std::size_t i = from; i < events.size(); ++i) {
      if (json_string(events[i], "type") == type) {
        return i;
      }
    }
    return std::nullopt;
  }
};

/// A sim on loopback, a receiver for its webhooks, and a context that runs only while a case waits.
/// Every event and webhook is held against the types of OpenAI's SDK.
class SimWorld {
 public:
  explicit SimWorld(SimConfig config = {}) {
    config.api_key = Secret{test_key};
    if (!config.api_tls_port) {
      config.api_tls_port = 0;
    }
    sim_ = Sim::start(context_.get_executor(), *loop_, *engine_, std::move(config), &timeline_)
               .value();
    net::HttpHandlers handlers;
    handlers.request = [this](net::HttpRequest request) {
      return take_webhook(std::move(request));
    };
    receiver_ = net::HttpServer::listen(context_.get_executor(), {}, std::move(handlers)).value();
    sim_->set_webhook("http://127.0.0.1:" + std::to_string(receiver_->port()) + "/webhook",
                      Secret{test_secret});
    sip::TlsClientConfig phone;
    phone.server_name = sim_->addresses().server_name;
    phone.ca_file = sim_->addresses().ca_file;
    endpoint_ =
        sip::Endpoint::start_client(*loop_, context_.get_executor(), std::move(phone)).value();
  }
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  [[nodiscard]] Sim& sim() noexcept { return *sim_; }
  [[nodiscard]] sip::Endpoint& phone() noexcept { return *endpoint_; }
  [[nodiscard]] media::Engine& engine() noexcept { return *engine_; }
  [[nodiscard]] Timeline& timeline() noexcept { return timeline_; }
  [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }

  [[nodiscard]] std::string sip_target(const std::string& project = "proj_sim") const {
    return "sip:" + project + "@127.0.0.1:" + std::to_string(sim_->addresses().sip_tls_port) +
           ";transport=tls";
  }
  [[nodiscard]] std::string api(std::string_view scheme) const {
    const auto& addresses = sim_->addresses();
    const bool tls = scheme == "https" || scheme == "wss";
    return std::string{scheme} +
           "://127.0.0.1:" + std::to_string(tls ? addresses.api_tls_port : addresses.api_port);
  }
  [[nodiscard]] net::TlsContext api_tls() const {
    return net::make_client_tls(sim_->addresses().ca_file).value();
  }

  template <class Condition>
  void run_until(Condition done) {
    const auto deadline = std::chrono::steady_clock::now() + generous;
    context_.restart();
    while (!done()) {
      if (context_.run_one_until(deadline) == 0) {
        throw std::runtime_error{"the case hangs"};
      }
    }
  }

  template <class T>
  T run(boost::asio::awaitable<T> work) {
    std::optional<T> value;
    std::exception_ptr failure;
    bool ended = false;
    boost::asio::co_spawn(context_, keep(std::move(work), &value),
                          [&](const std::exception_ptr& thrown) {
                            failure = thrown;
                            ended = true;
                          });
    run_until([&] { return ended; });
    if (failure) {
      std::rethrow_exception(failure);
    }
    return std::move(*value);
  }

  /// Lets the call go on for a while.
  void pass(std::chrono::milliseconds time) {
    boost::asio::steady_timer timer{context_, time};
    bool over = false;
    timer.async_wait([&](const boost::system::error_code&) { over = true; });
    run_until([&] { return over; });
  }

  /// Whether the timeline has a mark of that name.
  [[nodiscard]] bool marked(std::string_view name) const {
    for (const Mark& mark : marks) {
      if (mark.name == name) {
        return true;
      }
    }
    return false;
  }

  /// Waits for the next webhook of Realtime, verifies it and reads it.
  openai::RealtimeCallIncoming take_call() { return take<openai::RealtimeCallIncoming>(); }
  /// The same of Live.
  openai::LiveTransportIncoming take_session() { return take<openai::LiveTransportIncoming>(); }

  /// @return status 0: no answer within `request_timeout`.
  net::HttpResponse request(std::string method,
                            const std::string& path,
                            std::string body = {},
                            std::string_view scheme = "http") {
    net::HttpRequest request;
    request.method = std::move(method);
    request.headers.add("Authorization", "Bearer " + test_key);
    request.headers.add("Content-Type", "application/json");
    request.body = std::move(body);
    net::HttpClientOptions options;
    options.tls = api_tls();
    options.timeout = request_timeout;
    const auto url = net::parse_url(api(scheme) + path).value();
    auto answer = run(net::http_exchange(url, std::move(request), std::move(options)));
    if (!answer) {
      CHECK(answer.error().code == Errc::timed_out);
      net::HttpResponse none;
      none.status = 0;
      return none;
    }
    auto response = *std::move(answer);
    if (response.status >= 400 && !response.body.empty()) {
      conformance::check_error(boost::json::parse(response.body));
    }
    return response;
  }
  net::HttpResponse post(const std::string& call_id,
                         const std::string& operation,
                         std::string body = {},
                         std::string_view scheme = "http") {
    return request("POST", "/v1/realtime/calls/" + call_id + "/" + operation, std::move(body),
                   scheme);
  }
  net::HttpResponse post_live(const std::string& session_id,
                              const std::string& operation,
                              std::string body = {}) {
    return request("POST", "/v1/live/sessions/" + session_id + "/" + operation, std::move(body));
  }

  [[nodiscard]] Result<net::WebSocket> open(const std::string& path,
                                            const std::string& key = test_key,
                                            std::string_view scheme = "ws") {
    net::WebSocketOptions options;
    options.tls = api_tls();
    options.headers.add("Authorization", "Bearer " + key);
    const auto url = net::parse_url(api(scheme) + path).value();
    return run(net::connect_websocket(url, std::move(options)));
  }
  [[nodiscard]] Result<net::WebSocket> connect(const std::string& call_id,
                                               const std::string& key = test_key,
                                               std::string_view scheme = "ws") {
    return open("/v1/realtime?call_id=" + call_id, key, scheme);
  }

  /// Attaches to an accepted call and collects its events from now on.
  std::shared_ptr<Observed> observe(const std::string& call_id, std::string_view scheme = "ws") {
    return collect_from(connect(call_id, test_key, scheme).value(), "realtime server event");
  }
  /// The same for a Live session. @param query  "?graceful_close=true", or empty.
  std::shared_ptr<Observed> observe_live(const std::string& session_id,
                                         const std::string& query = {}) {
    return collect_from(open("/v1/live/sessions/" + session_id + "/attach" + query).value(),
                        "live server event");
  }

  void send(Observed& observed, std::string event) {
    conversations_.asked(event);
    demand(run(observed.socket->send(std::move(event))));
  }

  /// Waits for the next event of a type from index `from` on. @return its index.
  std::size_t wait_for(const Observed& observed, std::string_view type, std::size_t from = 0) {
    run_until([&] { return observed.over || observed.find(type, from).has_value(); });
    const auto found = observed.find(type, from);
    if (!found) {
      throw std::runtime_error{"the socket ended before " + std::string{type}};
    }
    return *found;
  }

  std::vector<net::HttpRequest> webhooks;
  int webhook_answer = 200;
  std::chrono::milliseconds webhook_delay{0};  ///< Before it.
  std::chrono::milliseconds request_timeout{10'000};
  conformance::Faults faults;  ///< That this case asks for.
  std::vector<Mark> marks;

 private:
  template <class T>
  static boost::asio::awaitable<void> keep(boost::asio::awaitable<T> work,
                                           std::optional<T>* value) {
    *value = co_await std::move(work);
  }

  template <class Event>
  Event take() {
    std::size_t& taken =
        std::is_same_v<Event, openai::RealtimeCallIncoming> ? calls_taken_ : sessions_taken_;
    for (;;) {
      run_until([&] { return webhooks.size() > taken; });
      const net::HttpRequest& request = webhooks[taken++];
      const openai::WebhookHeaders headers{request.headers.get("webhook-id"),
                                           request.headers.get("webhook-timestamp"),
                                           request.headers.get("webhook-signature")};
      const auto now = std::chrono::duration_cast<std::chrono::seconds>(
          std::chrono::system_clock::now().time_since_epoch());
      demand(openai::verify_webhook({Secret{test_secret}}, headers, request.body, now.count()));
      const auto event = openai::parse_webhook(request.body).value();
      if (const auto* const wanted = std::get_if<Event>(&event)) {
        return *wanted;
      }
    }
  }

  std::shared_ptr<Observed> collect_from(net::WebSocket socket, std::string_view body) {
    auto observed = std::make_shared<Observed>();
    observed->body = body;
    observed->socket.emplace(std::move(socket));
    boost::asio::co_spawn(context_, collect(observed), boost::asio::detached);
    return observed;
  }

  static void demand(const Result<>& result) {
    if (!result) {
      throw std::runtime_error{result.error().detail};
    }
  }

  boost::asio::awaitable<net::HttpResponse> take_webhook(net::HttpRequest request) {
    conformance::check_webhook(boost::json::parse(request.body), faults);
    webhooks.push_back(std::move(request));
    boost::asio::steady_timer timer{context_, webhook_delay};
    co_await timer.async_wait(boost::asio::use_awaitable);
    net::HttpResponse response;
    response.status = webhook_answer;
    co_return response;
  }

  boost::asio::awaitable<void> collect(std::shared_ptr<Observed> observed) {
    for (;;) {
      auto message = co_await observed->socket->receive();
      if (!message) {
        observed->over = true;
        observed->close_status = message.error().status;
        co_return;
      }
      observed->events.push_back(boost::json::parse(*message));
      conformance::check_body(observed->events.back(), observed->body, faults);
      conversations_.check(observed->events.back());
    }
  }

  boost::asio::io_context context_;
  Timeline timeline_;
  decltype(std::declval<Timeline&>().subscribe({})) reading_ =
      timeline_.subscribe([this](const Mark& mark) { marks.push_back(mark); });
  std::unique_ptr<sip::Loop> loop_ = sip::Loop::start().value();
  std::unique_ptr<media::Engine> engine_ = media::Engine::start().value();
  std::unique_ptr<Sim> sim_;
  std::unique_ptr<net::HttpServer> receiver_;
  std::unique_ptr<sip::Endpoint> endpoint_;
  conformance::Conversations conversations_;
  std::size_t calls_taken_ = 0;
  std::size_t sessions_taken_ = 0;
};

}  // namespace offhook::sim
