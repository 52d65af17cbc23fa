#include "serve/control_api.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include <boost/json/array.hpp>

#include "base/base64.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/race.hpp"
#include "net/url.hpp"
#include "serve/control_guard.hpp"

namespace offhook::serve {

namespace asio = boost::asio;
namespace json = boost::json;
using net::HttpRequest;
using net::HttpResponse;
using namespace std::chrono_literals;

namespace {

constexpr auto heartbeat = 15s;
constexpr std::string_view calls_prefix = "/v1/calls/";
constexpr std::size_t max_play_bytes = std::size_t{24'000} * 2 * 30;

/// "/v1/calls/<id>/<order>" taken apart; the id is decoded.
struct CallPath {
  std::string id;
  std::string_view order;  ///< Empty: the call itself.
};

std::optional<CallPath> call_path(std::string_view path) {
  if (!path.starts_with(calls_prefix)) {
    return std::nullopt;
  }
  path.remove_prefix(calls_prefix.size());
  const auto slash = path.find('/');
  CallPath found;
  found.id = net::percent_decode(path.substr(0, slash));
  if (slash != std::string_view::npos) {
    found.order = path.substr(slash + 1);
  }
  return found.id.empty() ? std::nullopt : std::optional{std::move(found)};
}

HttpResponse not_found() {
  return json_error(404, "not_found", "there is no such resource; see docs/control-api.md");
}

HttpResponse wrong_method(std::string allowed) {
  auto answer = json_error(405, "method_not_allowed", "use " + allowed);
  answer.headers.add("Allow", std::move(allowed));
  return answer;
}

HttpResponse taken() { return json_answer(202, json::object{{"ok", true}}); }

/// A string field of the body that must be there, or the refusal.
Result<std::string> text_of(const json::value& body, std::string_view field) {
  const std::string_view text = json_string(body, field);
  if (text.empty()) {
    return fail(Errc::invalid_argument, "the body needs \"" + std::string{field} + "\", a string");
  }
  return std::string{text};
}

std::optional<std::uint64_t> event_id(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool whole = failure == std::errc{} && end == text.data() + text.size();
  return whole ? std::optional{id} : std::nullopt;
}

asio::awaitable<Result<>> changed(EventFeed& feed) {
  co_await feed.wait();
  co_return Result<>{};
}

/// Counts one for as long as it lives.
class Presence {
 public:
  explicit Presence(std::size_t& count) : count_{count} { ++count_; }
  ~Presence() { --count_; }
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

 private:
  std::size_t& count_;
};

}  // namespace

class ControlApi::Impl : public std::enable_shared_from_this<Impl> {
 public:
  explicit Impl(ControlApiServices services) : services_{std::move(services)} {}

  [[nodiscard]] HttpResponse answer(const HttpRequest& request);
  [[nodiscard]] std::optional<net::StreamedAnswer> stream(const HttpRequest& request);
  [[nodiscard]] std::size_t followers() const noexcept { return followers_; }

 private:
  [[nodiscard]] HttpResponse open_resource(std::string_view path) const;
  [[nodiscard]] HttpResponse resource(const HttpRequest& request);
  [[nodiscard]] HttpResponse list(const HttpRequest& request) const;
  [[nodiscard]] HttpResponse call_resource(const HttpRequest& request, const CallPath& path);
  [[nodiscard]] HttpResponse order(const CallPath& path,
                                   CallConversation& conversation,
                                   const json::value& body);
  [[nodiscard]] HttpResponse play(const CallPath& path,
                                  CallConversation& conversation,
                                  const json::value& body);
  [[nodiscard]] HttpResponse drain(const HttpRequest& request);
  static asio::awaitable<void> follow(std::shared_ptr<Impl> self,
                                      std::string call_id,
                                      std::uint64_t after,
                                      net::HttpBodyWriter writer);

  ControlApiServices services_;
  std::size_t followers_ = 0;
};

HttpResponse ControlApi::Impl::answer(const HttpRequest& request) {
  if (auto refusal = refuse_host(request)) {
    return std::move(*refusal);
  }
  const std::string_view path = request.path();
  if (path == "/healthz" || path == "/readyz") {
    return request.method == "GET" || request.method == "HEAD" ? open_resource(path)
                                                               : wrong_method("GET");
  }
  if (auto refusal = refuse_token(request, services_.token)) {
    return std::move(*refusal);
  }
  return resource(request);
}

HttpResponse ControlApi::Impl::open_resource(std::string_view path) const {
  if (path == "/healthz") {
    return json_answer(200, json::object{{"ok", true}});
  }
  const std::string why = services_.not_ready();
  if (why.empty()) {
    return json_answer(200, json::object{{"ready", true}});
  }
  return json_answer(503, json::object{{"ready", false}, {"why", why}});
}

HttpResponse ControlApi::Impl::resource(const HttpRequest& request) {
  const std::string_view path = request.path();
  const bool get = request.method == "GET" || request.method == "HEAD";
  if (path == "/metrics") {
    if (!get) {
      return wrong_method("GET");
    }
    HttpResponse answer;
    answer.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    answer.body = prometheus_text(services_.metrics, services_.gauges());
    return answer;
  }
  if (path == "/v1/calls") {
    return get ? list(request) : wrong_method("GET");
  }
  if (path == "/v1/events") {
    return wrong_method("GET");  // a GET is streamed
  }
  if (path == "/v1/drain") {
    return request.method == "POST" ? drain(request) : wrong_method("POST");
  }
  const auto call = call_path(path);
  return call ? call_resource(request, *call) : not_found();
}

HttpResponse ControlApi::Impl::list(const HttpRequest& request) const {
  const std::string state = request.query("state");
  const std::int64_t now = unix_seconds();
  json::array calls;
  for (const CallRecord& call : services_.desk.calls()) {
    if (state.empty() || state == to_string(call.state)) {
      calls.push_back(to_json(call, now));
    }
  }
  return json_answer(200, json::object{{"calls", std::move(calls)}});
}

HttpResponse ControlApi::Impl::call_resource(const HttpRequest& request, const CallPath& path) {
  const CallRecord* const record = services_.desk.find(path.id);
  if (record == nullptr) {
    return json_error(404, "call_not_found", "there is no such call, or it ended long ago");
  }
  if (path.order.empty()) {
    return request.method == "GET" ? json_answer(200, to_json(*record, unix_seconds()))
                                   : wrong_method("GET");
  }
  static constexpr std::array<std::string_view, 5> orders{"say", "instruct", "hang_up", "transfer",
                                                          "play"};
  if (std::ranges::find(orders, path.order) == orders.end()) {
    return path.order == "events" ? wrong_method("GET") : not_found();
  }
  if (request.method != "POST") {
    return wrong_method("POST");
  }
  CallConversation* const conversation = services_.desk.conversation(path.id);
  if (conversation == nullptr) {
    return json_error(409, "call_ended", "the call is over");
  }
  auto body = parse_json(request.body.empty() ? std::string_view{"{}"} : request.body);
  if (!body || !body->is_object()) {
    return json_error(400, "malformed_body", "the body must be a JSON object");
  }
  return order(path, *conversation, *body);
}

HttpResponse ControlApi::Impl::order(const CallPath& path,
                                     CallConversation& conversation,
                                     const json::value& body) {
  if (path.order == "play") {
    return play(path, conversation, body);
  }
  if (path.order == "hang_up") {
    const std::string_view goodbye = json_string(body, "goodbye");
    if (goodbye.empty()) {
      conversation.hang_up(std::string{json_string(body, "reason", "by the control API")});
    } else {
      conversation.say_goodbye(std::string{goodbye}, "goodbye");
    }
    return taken();
  }
  auto text = text_of(body, path.order == "transfer" ? "to" : "text");
  if (!text) {
    return json_error(400, "missing_field", text.error().detail);
  }
  if (path.order == "say") {
    conversation.say(std::move(*text));
  } else if (path.order == "instruct") {
    conversation.instruct(std::move(*text));
  } else {
    if (!text->starts_with("tel:") && !text->starts_with("sip:") && !text->starts_with("sips:")) {
      return json_error(400, "invalid_field", "\"to\" must begin with tel:, sip: or sips:");
    }
    conversation.transfer(std::move(*text));
  }
  return taken();
}

HttpResponse ControlApi::Impl::play(const CallPath& path,
                                    CallConversation& conversation,
                                    const json::value& body) {
  const CallRecord* const record = services_.desk.find(path.id);
  if (record == nullptr || record->api != agent::Api::live) {
    return json_error(409, "unsupported", "only the Live API plays sounds into a call");
  }
  const auto audio = base64_decode(json_string(body, "audio"));
  if (!audio || audio->empty() || audio->size() % 2 != 0 || audio->size() > max_play_bytes) {
    return json_error(400, "invalid_field",
                      "\"audio\" must be base64 of PCM16LE, mono, 24 kHz, 30 s at most");
  }
  conversation.play(std::string{audio->begin(), audio->end()});
  return taken();
}

HttpResponse ControlApi::Impl::drain(const HttpRequest& request) {
  const auto body = parse_json(request.body.empty() ? std::string_view{"{}"} : request.body);
  if (!body || !body->is_object()) {
    return json_error(400, "malformed_body", "the body must be a JSON object");
  }
  const auto seconds = json_int(*body, "seconds");
  if (seconds && (*seconds < 0 || *seconds > 86'400)) {
    return json_error(400, "invalid_field", "\"seconds\" must be from 0 to 86400");
  }
  std::optional<std::chrono::seconds> limit;
  if (seconds) {
    limit = std::chrono::seconds{*seconds};
  }
  services_.drain(limit);
  return json_answer(202, json::object{{"ok", true}, {"live_calls", services_.desk.live_calls()}});
}

std::optional<net::StreamedAnswer> ControlApi::Impl::stream(const HttpRequest& request) {
  const std::string_view path = request.path();
  const auto call = call_path(path);
  const bool of_call = call && call->order == "events";
  if (request.method != "GET" || (path != "/v1/events" && !of_call) || refuse_host(request) ||
      refuse_token(request, services_.token)) {
    return std::nullopt;
  }
  if (of_call && services_.desk.find(call->id) == nullptr) {
    return std::nullopt;
  }
  // Of one call, people want to see all that is still known; of all, what comes.
  std::uint64_t after = of_call ? 0 : services_.feed.last_id();
  if (const auto last = event_id(request.headers.get("Last-Event-ID"))) {
    after = *last;
  }
  net::StreamedAnswer answer;
  answer.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}};
  answer.body = [self = shared_from_this(), after,
                 id = of_call ? call->id : std::string{}](net::HttpBodyWriter writer) {
    return follow(self, id, after, std::move(writer));
  };
  return answer;
}

asio::awaitable<void> ControlApi::Impl::follow(std::shared_ptr<Impl> self,
                                               std::string call_id,
                                               std::uint64_t after,
                                               net::HttpBodyWriter writer) {
  const Presence presence{self->followers_};
  EventFeed& feed = self->services_.feed;
  bool from_the_start = after == 0;
  auto written = co_await writer.write("retry: 2000\n\n");
  bool over = false;
  while (written && !over) {
    bool gap = false;
    std::string text;
    for (const FeedEvent& event : feed.since(after, call_id, gap)) {
      text += to_sse(event);
      over = over || (!call_id.empty() && event.name == "ended");
    }
    if (gap && !from_the_start) {
      text.insert(0,
                  "event: gap\ndata: {\"why\":\"events were forgotten before you came back\"}\n\n");
    }
    from_the_start = false;
    if (text.empty() && after == feed.last_id()) {
      const auto woken = co_await with_timeout(changed(feed), heartbeat);
      if (woken) {
        continue;
      }
      text = ": still here\n\n";
    }
    if (!text.empty()) {
      written = co_await writer.write(std::move(text));
    }
  }
}

ControlApi::ControlApi(ControlApiServices services)
    : impl_{std::make_shared<Impl>(std::move(services))} {}
ControlApi::~ControlApi() = default;

std::size_t ControlApi::followers() const noexcept { return impl_->followers(); }

namespace {

asio::awaitable<HttpResponse> ready_answer(HttpResponse answer) { co_return answer; }

}  // namespace

net::HttpHandlers ControlApi::handlers() {
  net::HttpHandlers handlers;
  handlers.request = [impl = impl_](HttpRequest request) {
    return ready_answer(impl->answer(request));
  };
  handlers.stream = [impl = impl_](const HttpRequest& request) { return impl->stream(request); };
  return handlers;
}

}  // namespace offhook::serve
