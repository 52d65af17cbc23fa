#include "call/control_leg.hpp"

#include <array>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>

#include "base/json.hpp"
#include "base/race.hpp"

namespace offhook::call {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

/// How long to wait before each attempt to attach again. The first wait is long enough for the BYE
/// of an ordinary end to overtake us, so that a call that is over is not chased.
constexpr std::array reattach_delays{500ms, 500ms, 1'000ms, 2'000ms, 4'000ms};

constexpr std::string_view three_reasons =
    "; usually (1) the webhook's address in the project's settings is not this program's public "
    "address, (2) the tunnel or port forwarding to --listen is down, or (3) the webhook is not "
    "subscribed to realtime.call.incoming";

Result<openai::RealtimeCallIncoming> as_result(openai::RealtimeCallIncoming event) { return event; }

asio::awaitable<Result<openai::RealtimeCallIncoming>> wait_in(IncomingCalls& incoming,
                                                              std::string id) {
  auto event = co_await incoming.wait_for(std::move(id));
  co_return as_result(std::move(event));
}

}  // namespace

ControlLeg::ControlLeg(asio::any_io_executor control,
                       IncomingCalls& incoming,
                       openai::Provider provider,
                       Timeline& timeline,
                       AgentOptions options,
                       std::string call_header_id,
                       OnSidebandEvent on_sideband_event)
    : control_{std::move(control)},
      incoming_{incoming},
      provider_{std::move(provider)},
      timeline_{timeline},
      options_{std::move(options)},
      call_header_id_{std::move(call_header_id)},
      on_sideband_event_{std::move(on_sideband_event)},
      api_{provider_,
           [this](std::string_view operation, const Error& why, std::chrono::milliseconds delay) {
             timeline_.mark(
                 "rest", "retry",
                 {{"operation", operation}, {"error", why.detail}, {"delay_ms", delay.count()}});
           }},
      transcript_{[this](const TranscriptLine& line) {
        timeline_.mark("call", "transcript",
                       {{"who", line.who}, {"text", line.text}, {"interrupted", line.interrupted}});
      }} {
  incoming_.expect(call_header_id_);
}

ControlLeg::~ControlLeg() { incoming_.forget(call_header_id_); }

asio::awaitable<Ending> ControlLeg::run() {
  // 1. The webhook that quotes our own header.
  const auto webhook = co_await wait_for_webhook();
  if (!webhook) {
    co_return Ending{CallResult::no_webhook, webhook.error().detail};
  }
  call_id_ = webhook->call_id;
  timeline_.mark("webhook", "received",
                 {{"call_id", call_id_}, {"media_security", webhook->media_security}});

  // 2. Accept.
  timeline_.mark("rest", "accept.sent");
  auto accepted = co_await api_.accept(call_id_, session());
  if (!accepted) {
    co_return Ending{CallResult::accept_failed, accepted.error().detail};
  }
  accepted_at_ = Timeline::Clock::now();
  timeline_.mark("rest", "accepted");

  // 3. Attach and greet. The model does not speak first.
  const auto refused = co_await attach();
  if (refused) {
    co_return *refused;
  }
  if (!options_.say.empty()) {
    const auto greeted = co_await send(openai::response_create(options_.say));
    if (!greeted) {
      timeline_.mark("sideband", "send.failed", {{"error", greeted.error().detail}});
    }
  }

  // 4. Follow the conversation. A socket that drops is not a call that ended: attach again.
  for (;;) {
    co_await follow_events();
    const auto lost = co_await attach_again();
    if (lost) {
      co_return *lost;
    }
  }
}

asio::awaitable<Result<openai::RealtimeCallIncoming>> ControlLeg::wait_for_webhook() {
  const auto deadline = options_.webhook_deadline;
  auto event = co_await with_timeout(wait_in(incoming_, call_header_id_), deadline);
  if (!event && event.error().code == Errc::timed_out) {
    co_return fail(Errc::timed_out, "webhook: realtime.call.incoming did not come within " +
                                        std::to_string(deadline.count() / 1'000) + " s" +
                                        std::string{three_reasons});
  }
  co_return event;
}

asio::awaitable<std::optional<Ending>> ControlLeg::attach() {
  auto sideband = co_await openai::Sideband::attach(provider_, call_id_);
  if (!sideband) {
    co_return Ending{CallResult::sideband_failed, sideband.error().detail};
  }
  sideband_.emplace(std::move(*sideband));
  timeline_.mark("sideband", "attached");
  co_return std::nullopt;
}

asio::awaitable<std::optional<Ending>> ControlLeg::attach_again() {
  asio::steady_timer timer{control_};
  Error last;
  for (const auto delay : reattach_delays) {
    timer.expires_after(delay);
    co_await timer.async_wait(asio::use_awaitable);
    auto sideband = co_await openai::Sideband::attach(provider_, call_id_, 0ms);
    if (sideband) {
      sideband_.emplace(std::move(*sideband));
      turns_.on_gap();
      timeline_.mark("sideband", "attached.again");
      co_return std::nullopt;
    }
    last = std::move(sideband).error();
    timeline_.mark("sideband", "attach.failed", {{"error", last.detail}});
  }
  co_return Ending{CallResult::sideband_failed,
                   "the sideband is lost and cannot be attached again: " + last.detail};
}

asio::awaitable<void> ControlLeg::follow_events() {
  for (;;) {
    auto event = co_await sideband_->receive();
    if (!event) {
      timeline_.mark("sideband", "dropped",
                     {{"error", event.error().detail}, {"code", event.error().status}});
      malformed_events_ += sideband_->malformed_events();
      sideband_.reset();
      co_return;
    }
    on_event(*event);
    if (event->type == "response.done") {
      co_await answer_function_calls(std::move(*event));
    }
  }
}

void ControlLeg::on_event(const openai::RealtimeEvent& event) {
  const auto now = Timeline::Clock::now();
  if (on_sideband_event_) {
    on_sideband_event_("received", json::serialize(event.body), timeline_.ms_at(now));
  }
  timeline_.mark("sideband", event.type, {{"text", openai::describe(event)}}, now);
  turns_.on_event(event, now);
  transcript_.on_event(event, timeline_.ms_at(now));
}

// `offhook call` has no tools of its own. A model that calls one must not wait for ever: it is
// told, and goes on talking.
asio::awaitable<void> ControlLeg::answer_function_calls(openai::RealtimeEvent done) {
  const json::value body = std::move(done.body);
  const json::value* output = json_at(body, "response.output");
  if (output == nullptr || !output->is_array()) {
    co_return;
  }
  bool answered = false;
  for (const json::value& item : output->get_array()) {
    if (json_string(item, "type") != "function_call") {
      continue;
    }
    timeline_.mark("call", "function_call",
                   {{"name", json_string(item, "name")}, {"note", "no handler in offhook call"}});
    std::string event = openai::function_call_output(json_string(item, "call_id"),
                                                     R"({"error":"this tool is not connected"})");
    const auto sent = co_await send(std::move(event));
    answered = answered || sent.has_value();
  }
  if (answered) {
    const auto sent = co_await send(openai::response_create());
    if (!sent) {
      timeline_.mark("sideband", "send.failed", {{"error", sent.error().detail}});
    }
  }
}

asio::awaitable<Result<>> ControlLeg::send(std::string event) {
  if (!sideband_) {
    co_return fail(Errc::peer_closed, "sideband: not attached");
  }
  if (on_sideband_event_) {
    on_sideband_event_("sent", event, timeline_.ms_at(Timeline::Clock::now()));
  }
  const auto parsed = openai::parse_realtime_event(event);
  timeline_.mark("sideband", "sent", {{"type", parsed ? parsed->type : "?"}});
  auto sent = co_await sideband_->send(std::move(event));
  co_return sent;
}

// No `audio.*.format`: on SIP the codec is SDP's business, and setting it has broken calls.
json::object ControlLeg::session() const {
  json::object audio{{"output", {{"voice", options_.voice}}}};
  if (!options_.transcription.empty()) {
    audio["input"] = {{"transcription", {{"model", options_.transcription}}}};
  }
  json::object session{{"type", "realtime"},
                       {"model", options_.model},
                       {"instructions", options_.instructions},
                       {"audio", std::move(audio)}};
  if (!options_.tools.empty()) {
    session["tools"] = options_.tools;
  }
  return session;
}

asio::awaitable<void> ControlLeg::part(bool hang_up) {
  if (hang_up && accepted_at_) {
    timeline_.mark("rest", "hangup.sent");
    const auto ended = co_await api_.hang_up(call_id_);
    if (!ended) {
      timeline_.mark("rest", "hangup.failed", {{"error", ended.error().detail}});
    }
  }
  if (sideband_) {
    malformed_events_ += sideband_->malformed_events();
    co_await sideband_->close();
    sideband_.reset();
    timeline_.mark("sideband", "closed");
  }
}

}  // namespace offhook::call
