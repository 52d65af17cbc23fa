#include "cli/call_session.hpp"

#include <filesystem>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/json_text.hpp"
#include "base/jsonl_file.hpp"
#include "base/race.hpp"
#include "base/random.hpp"
#include "call/outbound_call.hpp"
#include "cli/call_files.hpp"
#include "cli/keyboard.hpp"
#include "cli/level_meter.hpp"
#include "cli/webhook_server.hpp"
#include "net/tls.hpp"

namespace offhook::cli {
namespace {

namespace asio = boost::asio;

/// Starts the stand-in and points the settings at it.
Result<std::unique_ptr<sim::Sim>> start_sim(CallSession& session) {
  CallSettings& settings = session.settings;
  settings.api_key = Secret{"sk-sim-" + random_hex(24)};
  settings.key_header = openai::KeyHeader::bearer;
  settings.api_ca.clear();
  settings.webhook_secrets = {Secret{"whsec_" + random_hex(32)}};
  session.sim.api_key = settings.api_key;
  session.sim.webhook_secret = settings.webhook_secrets.front();
  session.sim.sip_tls_port = 0;
  if (!settings.sim_record.empty()) {
    std::error_code failure;
    std::filesystem::create_directories(settings.sim_record, failure);
    if (failure) {
      return fail(Errc::not_found,
                  "--sim-record " + settings.sim_record + ": " + failure.message());
    }
    session.sim.record = settings.sim_record;
  }
  session.sim.api_port = 0;
  auto sim = sim::Sim::start(session.runtime.control(), session.runtime.sip_loop(),
                             session.runtime.engine(), session.sim, &session.timeline);
  if (!sim) {
    return fail(std::move(sim).error().with("sim"));
  }
  const sim::SimAddresses& addresses = (*sim)->addresses();
  settings.api = fmt::format("http://{}:{}/v1", session.sim.api_host, addresses.api_port);
  call::PhoneOptions& phone = settings.call.phone;
  phone.sip_target = fmt::format("sip:{}@{}:{};transport=tls", session.sim.project,
                                 session.sim.host, addresses.sip_tls_port);
  phone.sip_name = addresses.server_name;
  phone.sip_ca = addresses.ca_file;
  return sim;
}

Result<openai::Provider> make_provider(const CallSettings& settings) {
  openai::Provider provider;
  provider.api_base = settings.api;
  provider.api_key = settings.api_key;
  provider.key_header = settings.key_header;
  auto tls = net::make_client_tls(settings.api_ca);
  if (!tls) {
    return fail(std::move(tls).error().with("--api-ca"));
  }
  provider.tls = std::move(*tls);
  return provider;
}

/// The call itself, once everything around it stands.
asio::awaitable<Result<call::CallReport>> call_once(CallSession& session,
                                                    sim::Sim* sim,
                                                    TerminalView& view) {
  CallSettings& settings = session.settings;
  auto events = open_call_file(settings.events_file, "--events");
  if (!events) {
    co_return fail(std::move(events).error());
  }
  auto audio = session.near_side == nullptr
                   ? call::CallAudio::open(settings.call.audio)
                   : call::CallAudio::around(*session.near_side, settings.call.audio);
  if (!audio) {
    call::CallReport no_sound;
    no_sound.ending = {call::CallResult::audio_failed, audio.error().detail};
    co_return no_sound;
  }
  auto provider = make_provider(settings);
  if (!provider) {
    co_return fail(std::move(provider).error());
  }
  call::IncomingCalls incoming{session.runtime.control()};
  std::unique_ptr<WebhookServer> webhook;
  if (settings.call.agent.control) {
    auto started =
        WebhookServer::start(session.runtime.control(), settings, incoming, session.timeline);
    if (!started) {
      co_return fail(std::move(started).error());
    }
    webhook = std::move(*started);
    session.timeline.mark("webhook", "listening", {{"url", webhook->url()}});
    if (sim != nullptr) {
      sim->set_webhook(webhook->url(), settings.webhook_secrets.front());
    }
  }
  std::unique_ptr<Keyboard> keyboard;
  if (session.keyboard) {
    keyboard = Keyboard::open(session.runtime.control(), session.user);
    if (keyboard) {
      session.runtime.set_before_leaving([&keyboard = *keyboard] { keyboard.restore(); });
    }
  }
  std::unique_ptr<LevelMeter> meter;
  if (keyboard && (*audio)->device() != nullptr) {
    meter = std::make_unique<LevelMeter>(session.runtime.control(), **audio, view);
  }
  call::CallServices services{session.runtime.control(),
                              session.runtime.sip_loop(),
                              session.runtime.engine(),
                              incoming,
                              std::move(*provider),
                              session.timeline,
                              **audio,
                              session.user,
                              event_writer(*events)};
  auto report = co_await call::run_outbound_call(std::move(services), settings.call);
  session.runtime.set_before_leaving({});
  co_return report;
}

}  // namespace

asio::awaitable<Result<call::CallReport>> run_call_session(CallSession& session) {
  CallSettings& settings = session.settings;
  auto timeline_file = open_call_file(settings.timeline_file, "--timeline");
  if (!timeline_file) {
    co_return fail(std::move(timeline_file).error());
  }
  auto summary_file = open_call_file(settings.summary_file, "--summary");
  if (!summary_file) {
    co_return fail(std::move(summary_file).error());
  }
  TerminalView view{stdout, session.style};
  const auto subscription = session.timeline.subscribe([&](const Mark& mark) {
    view.show(mark);
    if (*timeline_file) {
      (*timeline_file)->write(to_jsonl(mark));
    }
  });
  std::unique_ptr<sim::Sim> sim;
  if (settings.sim) {
    auto started = start_sim(session);
    if (!started) {
      co_return fail(std::move(started).error());
    }
    sim = std::move(*started);
  }
  auto report = co_await call_once(session, sim.get(), view);
  if (sim) {
    co_await sim->close();
    sim.reset();
  }
  if (report && *summary_file) {
    (*summary_file)->write(json_text(call::to_json(*report), 2));
  }
  co_return report;
}

}  // namespace offhook::cli
