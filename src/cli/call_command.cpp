#include <algorithm>
#include <fstream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/json_text.hpp"
#include "cli/call_session.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/runtime.hpp"
#include "cli/settings.hpp"

namespace offhook::cli {
namespace {

/// What CLI11 fills in; the rest is parsed by us so that errors read alike everywhere.
struct CallArguments {
  CallSettings settings;
  std::string config;
  std::string srtp = "prefer";
  std::string codecs;
  std::string jitter_buffer = "automatic";
  std::string api_key_file;
  std::string webhook_secret_file;
  std::string instructions_file;
  std::string audio_start = "greeting";
  std::string echo{audio::name_of(audio::default_voice_engine())};
  unsigned max_duration_s = 0;
  unsigned webhook_deadline_s = 20;
  bool no_control = false;
};

constexpr const char* footer =
    R"(Environment: OPENAI_API_KEY, OPENAI_PROJECT_ID, OPENAI_WEBHOOK_SECRET (several, separated by blanks,
while a rotation overlaps). Keys are never taken from the command line.

Keys during the call: 0-9 * # send DTMF, m mutes, q or Ctrl-C hangs up, Ctrl-C twice leaves at once.

Examples:
  offhook call --sim --audio question.wav --play null --record call.wav
  offhook call --say "Greet the caller in French." --voice cedar
  offhook call --no-control --sip-target 'sip:proj_x@sip.api.openai.com;transport=tls'

Exit codes: 0 the call ended normally, 1 internal error, 2 wrong usage or missing setting,
10 unreachable, 11 TLS certificate, 12 INVITE refused, 13 no answer, 14 no webhook,
15 accept failed, 16 sideband failed, 17 media failed, 18 sound device or file, 130 Ctrl-C twice.)";

void add_phone_options(CLI::App& app, CallArguments& arguments) {
  CallSettings& settings = arguments.settings;
  call::PhoneOptions& phone = settings.call.phone;
  const char* group = "Phone";
  app.add_option("--sip-target", phone.sip_target,
                 "Whom to call: sip:PROJECT@HOST[:PORT];transport=tls")
      ->group(group);
  app.add_option("--sip-name", phone.sip_name,
                 "Name that the TLS certificate must carry (default: the target's host)")
      ->group(group);
  app.add_option("--sip-ca", phone.sip_ca, "PEM file of a private CA for SIP over TLS")
      ->group(group);
  app.add_option("--region", settings.region, "Data region: eu or in (default: global)")
      ->group(group);
  app.add_option("--srtp", arguments.srtp,
                 "require, prefer (offer SRTP, fall back to RTP and say so) or off")
      ->capture_default_str()
      ->group(group);
  app.add_option("--jitter-buffer", arguments.jitter_buffer,
                 "neteq, portable or automatic (neteq where it was built in)")
      ->capture_default_str()
      ->group(group);
  app.add_option("--codecs", arguments.codecs,
                 "Codecs to offer, in order: opus,G722,PCMU,PCMA (default: opus,PCMU,PCMA)")
      ->group(group);
  app.add_option("--dtmf", phone.dtmf, "Digits to send after the greeting: 0-9 * # A-D")
      ->group(group);
}

void add_agent_options(CLI::App& app, CallArguments& arguments) {
  CallSettings& settings = arguments.settings;
  call::AgentOptions& agent = settings.call.agent;
  const char* group = "Model";
  app.add_option("--say", agent.say, "Instructions of the opening response; \"\" for none")
      ->capture_default_str()
      ->group(group);
  app.add_option("--model", agent.model, "Model that takes the call")
      ->capture_default_str()
      ->group(group);
  app.add_option("--voice", agent.voice, "Its voice")->capture_default_str()->group(group);
  app.add_option("--instructions", agent.instructions, "Its instructions for the whole call")
      ->group(group);
  app.add_option("--instructions-file", arguments.instructions_file, "The same from a file")
      ->group(group);
  app.add_option("--transcription", agent.transcription,
                 "Model that writes down the caller's words; \"\" for none")
      ->capture_default_str()
      ->group(group);
  app.add_flag("--no-control", arguments.no_control,
               "Only the phone: somebody else's controller accepts the call")
      ->group(group);
}

void add_service_options(CLI::App& app, CallArguments& arguments) {
  CallSettings& settings = arguments.settings;
  const char* group = "Webhook and REST";
  app.add_option("--listen", settings.listen, "HOST:PORT of the webhook server; port 0: any")
      ->capture_default_str()
      ->group(group);
  app.add_option("--cert", settings.cert, "PEM certificate chain: HTTPS instead of HTTP")
      ->group(group);
  app.add_option("--key", settings.key, "PEM private key for --cert")->group(group);
  app.add_option("--api", settings.api, "REST base address (default: the region's)")->group(group);
  app.add_option("--api-ca", settings.api_ca, "PEM file of a private CA for REST and sideband")
      ->group(group);
  app.add_option("--api-key-file", arguments.api_key_file,
                 "File with the API key in its first line")
      ->group(group);
  app.add_option("--webhook-secret-file", arguments.webhook_secret_file,
                 "File with the webhook secret in its first line")
      ->group(group);
  app.add_option("--webhook-deadline", arguments.webhook_deadline_s,
                 "Seconds to wait for the webhook")
      ->capture_default_str()
      ->group(group);
}

void add_sound_options(CLI::App& app, CallArguments& arguments) {
  CallSettings& settings = arguments.settings;
  call::AudioOptions& audio = settings.call.audio;
  const char* group = "Sound and files";
  app.add_option("--audio", audio.input, "What is said into the call: FILE, device or null")
      ->capture_default_str()
      ->group(group);
  app.add_option("--mic", audio.microphone,
                 "Microphone for --audio device: a name or part of it, see offhook devices")
      ->group(group);
  app.add_option("--speaker", audio.loudspeaker, "Loudspeaker for --play device, the same way")
      ->group(group);
  app.add_option("--echo", arguments.echo,
                 "Echo cancellation of microphone and loudspeaker: dual, aec3, speex or off")
      ->capture_default_str()
      ->group(group);
  app.add_option("--audio-start", arguments.audio_start,
                 "When the file begins: greeting (after it) or answer")
      ->capture_default_str()
      ->group(group);
  app.add_option("--play", audio.output, "Where the answer goes: FILE, device or null")
      ->capture_default_str()
      ->group(group);
  app.add_option("--record", audio.record,
                 "Stereo recording, left caller, right model: FLAC, or by its name .wav or .opus")
      ->group(group);
  app.add_option("--events", settings.events_file, "JSONL of every sideband event")->group(group);
  app.add_option("--timeline", settings.timeline_file, "JSONL of every step of the call")
      ->group(group);
  app.add_option("--summary", settings.summary_file, "JSON summary")->group(group);
  app.add_option("--max-duration", arguments.max_duration_s,
                 "Hang up after so many seconds; 0: never")
      ->capture_default_str()
      ->group(group);
  app.add_option("--config", arguments.config, "YAML file with the same settings")->group(group);
  app.add_flag("--sim", settings.sim, "Call the built-in stand-in: no key, no network")
      ->group(group);
  app.add_option("--sim-record", settings.sim_record,
                 "With --sim: existing folder for the stand-in's own stereo recording")
      ->group(group);
  app.add_flag("--json", settings.json, "Timeline and summary as JSON lines on stdout")
      ->group(group);
}

/// Names of the options on the command line, as the configuration file spells them.
std::vector<std::string> given_options(const CLI::App& app) {
  std::vector<std::string> given;
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() > 0) {
      std::string name = option->get_name(false, true);
      name.erase(0, name.find_first_not_of('-'));
      std::ranges::replace(name, '-', '_');
      given.push_back(name);
    }
  }
  return given;
}

Result<> apply_arguments(CallArguments& arguments, const std::vector<std::string>& given) {
  CallSettings& settings = arguments.settings;
  const auto policy = parse_srtp_policy(arguments.srtp);
  if (!policy) {
    return fail(policy.error());
  }
  settings.call.phone.srtp = *policy;
  const auto jitter_buffer = parse_jitter_buffer(arguments.jitter_buffer);
  if (!jitter_buffer) {
    return fail(jitter_buffer.error());
  }
  settings.call.phone.jitter_buffer = *jitter_buffer;
  if (!arguments.codecs.empty()) {
    auto codecs = parse_codecs(arguments.codecs);
    if (!codecs) {
      return fail(std::move(codecs).error());
    }
    settings.call.phone.codecs = std::move(*codecs);
  }
  for (auto& [path, set] :
       std::initializer_list<std::pair<std::string, std::function<void(Secret)>>>{
           {arguments.api_key_file, [&](Secret s) { settings.api_key = std::move(s); }},
           {arguments.webhook_secret_file,
            [&](Secret s) { settings.webhook_secrets = {std::move(s)}; }}}) {
    if (!path.empty()) {
      auto secret = read_secret_file(path);
      if (!secret) {
        return fail(std::move(secret).error());
      }
      set(std::move(*secret));
    }
  }
  if (arguments.audio_start != "greeting" && arguments.audio_start != "answer") {
    return fail(Errc::invalid_argument, "--audio-start: must be greeting or answer");
  }
  const auto echo = audio::voice_engine_from_name(arguments.echo);
  if (!echo) {
    return fail(Error{echo.error()}.with("--echo"));
  }
  settings.call.audio.echo = *echo;
  settings.call.audio.start_after_greeting = arguments.audio_start == "greeting";
  settings.call.agent.control = !arguments.no_control;
  settings.call.max_duration = std::chrono::seconds{arguments.max_duration_s};
  settings.call.agent.webhook_deadline = std::chrono::seconds{arguments.webhook_deadline_s};
  if (!arguments.instructions_file.empty()) {
    std::ifstream file{arguments.instructions_file};
    if (!file) {
      return fail(Errc::not_found,
                  "--instructions-file " + arguments.instructions_file + ": cannot be read");
    }
    settings.call.agent.instructions.assign(std::istreambuf_iterator<char>{file}, {});
  }
  if (!arguments.config.empty()) {
    auto loaded = load_config(arguments.config, given, settings);
    if (!loaded) {
      return loaded;
    }
  }
  load_environment(process_environment(), settings);
  return complete(settings);
}

int complain(const Error& error, int code) {
  fmt::print(stderr, "offhook: {}\n", error.detail);
  return code;
}

void print_report(const CallSettings& settings, const call::CallReport& report) {
  if (settings.json) {
    fmt::print("{}\n", json_text(call::to_json(report)));
    return;
  }
  fmt::print("{}", call::to_text(report));
  if (call::exit_code(report.ending.result) != 0) {
    fmt::print(stderr, "offhook: {}\n", report.ending.reason);
  }
}

boost::asio::awaitable<int> call_and_report(CallSession& session) {
  const auto report = co_await run_call_session(session);
  if (!report) {
    co_return complain(report.error(),
                       report.error().code == Errc::invalid_argument ? exit_usage : exit_audio);
  }
  print_report(session.settings, *report);
  co_return call::exit_code(report->ending.result);
}

int run_call(CallArguments& arguments, const std::vector<std::string>& given) {
  const auto applied = apply_arguments(arguments, given);
  if (!applied) {
    return complain(applied.error(), exit_usage);
  }
  auto runtime = Runtime::start();
  if (!runtime) {
    return complain(runtime.error(), exit_internal_error);
  }
  Timeline timeline;
  call::UserCommands user{(*runtime)->control()};
  (*runtime)->hang_up_on_signals(user);
  CallSession session{.runtime = **runtime,
                      .settings = std::move(arguments.settings),
                      .timeline = timeline,
                      .user = user};
  session.style = session.settings.json ? TerminalView::Style::json : TerminalView::Style::text;
  if (session.settings.sim && session.settings.listen == CallSettings{}.listen) {
    session.settings.listen = "127.0.0.1:0";
  }
  return (*runtime)->run(call_and_report(session));
}

}  // namespace

void add_call_command(CLI::App& app, Command& chosen) {
  CLI::App* call = app.add_subcommand("call", "Call a voice model and talk to it");
  call->footer(footer);
  const auto arguments = std::make_shared<CallArguments>();
  add_phone_options(*call, *arguments);
  add_agent_options(*call, *arguments);
  add_service_options(*call, *arguments);
  add_sound_options(*call, *arguments);
  call->callback([call, arguments, &chosen] {
    chosen = [arguments, given = given_options(*call)] { return run_call(*arguments, given); };
  });
}

}  // namespace offhook::cli
