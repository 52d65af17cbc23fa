#include <algorithm>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/json_text.hpp"
#include "base/printable.hpp"
#include "cli/call_agent.hpp"
#include "cli/call_session.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/print.hpp"
#include "cli/runtime.hpp"
#include "cli/settings.hpp"

namespace offhook::cli {
namespace {

/// What CLI11 fills in; the rest is parsed by us so that errors read alike everywhere.
struct CallArguments {
  CallSettings settings;
  std::string config;
  std::string agent_file;
  std::string agent;
  std::string srtp;
  std::string codecs;
  std::string jitter_buffer;
  std::string api_key_file;
  std::string webhook_secret_file;
  std::string instructions_file;
  std::string audio_start;
  std::optional<unsigned> max_duration_s;
  std::optional<unsigned> webhook_deadline_s;
  std::optional<unsigned> answer_deadline_s;
  std::string echo;
  std::string noise_suppression;
  bool no_control = false;
};

constexpr const char* call_footer =
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
      ->type_name("URI")
      ->group(group);
  app.add_option("--sip-name", phone.sip_name,
                 "Name that the TLS certificate must carry (default: the target's host)")
      ->type_name("NAME")
      ->group(group);
  app.add_option("--sip-ca", phone.sip_ca, "PEM file of a private CA for SIP over TLS")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--region", settings.region, "Data region: eu or in (default: global)")
      ->type_name("NAME")
      ->group(group);
  app.add_option("--srtp", arguments.srtp,
                 "require, prefer (default: offer SRTP, fall back to RTP and say so) or off")
      ->type_name("POLICY")

      ->group(group);
  app.add_option("--jitter-buffer", arguments.jitter_buffer,
                 "portable (default) or neteq, for networks that stall")
      ->type_name("NAME")
      ->group(group);
  app.add_option("--codecs", arguments.codecs,
                 "Codecs to offer, in order: opus,G722,PCMU,PCMA (default: opus,PCMU,PCMA)")
      ->type_name("LIST")
      ->group(group);
  app.add_option("--answer-deadline", arguments.answer_deadline_s,
                 "Seconds to wait for the answer (default: 30 after the accept, 180 in all)")
      ->type_name("S")
      ->group(group);
  app.add_option("--dtmf", phone.dtmf, "Digits to send after the greeting: 0-9 * # A-D")
      ->type_name("DIGITS")
      ->group(group);
}

void add_agent_options(CLI::App& app, CallArguments& arguments) {
  CallSettings& settings = arguments.settings;
  call::AgentOptions& agent = settings.call.agent;
  const char* group = "Model";
  app.add_option(
         "--agent", arguments.agent_file,
         "Agent file (YAML): its agent takes the call, with its tools, provider and webhook")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--as", arguments.agent,
                 "Which agent of it (default: its only realtime one, or else its only live one)")
      ->type_name("NAME")
      ->group(group);
  app.add_option("--say", agent.say, "Instructions of the opening response; \"\" for none")
      ->type_name("TEXT")
      ->capture_default_str()
      ->group(group);
  app.add_option("--model", agent.model, "Model that takes the call")
      ->type_name("NAME")
      ->capture_default_str()
      ->group(group);
  app.add_option("--voice", agent.voice, "Its voice")
      ->type_name("NAME")
      ->capture_default_str()
      ->group(group);
  app.add_option("--instructions", agent.instructions, "Its instructions for the whole call")
      ->group(group);
  app.add_option("--instructions-file", arguments.instructions_file, "The same from a file")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--transcription", agent.transcription,
                 "Model that writes down the caller's words; \"\" for none")
      ->type_name("NAME")
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
      ->type_name("HOST:PORT")
      ->capture_default_str()
      ->group(group);
  app.add_option("--cert", settings.cert, "PEM certificate chain: HTTPS instead of HTTP")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--key", settings.key, "PEM private key for --cert")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--api", settings.api, "REST base address (default: the region's)")
      ->type_name("URL")
      ->group(group);
  app.add_option("--api-ca", settings.api_ca, "PEM file of a private CA for REST and sideband")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--api-key-file", arguments.api_key_file,
                 "File with the API key in its first line")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--webhook-secret-file", arguments.webhook_secret_file,
                 "File with the webhook secret in its first line")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--webhook-deadline", arguments.webhook_deadline_s,
                 "Seconds to wait for the webhook (default: 20)")
      ->type_name("S")

      ->group(group);
}

void add_sound_options(CLI::App& app, CallArguments& arguments) {
  CallSettings& settings = arguments.settings;
  call::AudioOptions& audio = settings.call.audio;
  const char* group = "Sound and files";
  app.add_option("--audio", audio.input, "What is said into the call: FILE, device or null")
      ->type_name("FILE")
      ->capture_default_str()
      ->group(group);
  app.add_option("--mic", audio.microphone,
                 "Microphone for --audio device: a name or part of it, see offhook devices")
      ->type_name("NAME")
      ->group(group);
  app.add_option("--speaker", audio.loudspeaker, "Loudspeaker for --play device, the same way")
      ->type_name("NAME")
      ->group(group);
  app.add_option("--backend", audio.backend,
                 "Sound by pipewire, pulse or rtaudio (default: the first that answers)")
      ->type_name("NAME")
      ->group(group);
  app.add_option("--echo", arguments.echo,
                 "Echo cancellation of microphone and loudspeaker: " + echo_engines_text())
      ->type_name("ENGINE")
      ->group(group);
  app.add_option("--noise-suppression", arguments.noise_suppression,
                 "Of the microphone: off (default), low, moderate or high; 6 ms more delay")
      ->type_name("HOW")
      ->group(group);
  app.add_flag("--auto-gain", audio.voice.gain, "Bring the microphone to a steady level")
      ->group(group);
  app.add_option("--audio-start", arguments.audio_start,
                 "When the file begins: greeting (default: after it) or answer")
      ->type_name("WHEN")

      ->group(group);
  app.add_option("--play", audio.output, "Where the answer goes: FILE, device or null")
      ->type_name("FILE")
      ->capture_default_str()
      ->group(group);
  app.add_option("--record", audio.record,
                 "Stereo recording, left caller, right model: FLAC, or by its name .wav or .opus")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--events", settings.events_file, "JSONL of every sideband event")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--timeline", settings.timeline_file, "JSONL of every step of the call")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--summary", settings.summary_file, "JSON summary")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--max-duration", arguments.max_duration_s,
                 "Hang up after so many seconds (default 0: never)")
      ->type_name("S")

      ->group(group);
  app.add_option("--config", arguments.config, "YAML file with the same settings")
      ->type_name("FILE")
      ->group(group);
  app.add_flag("--sim", settings.sim, "Call the built-in stand-in: no key, no network")
      ->group(group);
  app.add_option("--sim-record", settings.sim_record,
                 "With --sim: existing folder for the stand-in's own stereo recording")
      ->type_name("FOLDER")
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

/// Values that CLI11 left as text, where given.
Result<> apply_texts(const CallArguments& arguments, CallSettings& settings) {
  if (!arguments.srtp.empty()) {
    const auto policy = parse_srtp_policy(arguments.srtp);
    if (!policy) {
      return fail(policy.error());
    }
    settings.call.phone.srtp = *policy;
  }
  if (!arguments.jitter_buffer.empty()) {
    const auto jitter_buffer = parse_jitter_buffer(arguments.jitter_buffer);
    if (!jitter_buffer) {
      return fail(jitter_buffer.error());
    }
    settings.call.phone.jitter_buffer = *jitter_buffer;
  }
  if (!arguments.echo.empty()) {
    const auto echo = audio::voice_engine_from_name(arguments.echo);
    if (!echo) {
      return fail(Error{echo.error()}.with("--echo"));
    }
    settings.call.audio.voice.engine = *echo;
  }
  if (!arguments.noise_suppression.empty()) {
    const auto strength = audio::noise_suppression_from_name(arguments.noise_suppression);
    if (!strength) {
      return fail(Error{strength.error()}.with("--noise-suppression"));
    }
    settings.call.audio.voice.noise_suppression = *strength;
  }
  if (!arguments.codecs.empty()) {
    auto codecs = parse_codecs(arguments.codecs);
    if (!codecs) {
      return fail(std::move(codecs).error());
    }
    settings.call.phone.codecs = std::move(*codecs);
  }
  if (!arguments.audio_start.empty()) {
    const auto start = parse_audio_start(arguments.audio_start);
    if (!start) {
      return fail(start.error());
    }
    settings.call.audio.start_after_greeting = *start;
  }
  if (arguments.max_duration_s) {
    settings.call.max_duration = std::chrono::seconds{*arguments.max_duration_s};
  }
  if (arguments.webhook_deadline_s) {
    settings.call.agent.webhook_deadline = std::chrono::seconds{*arguments.webhook_deadline_s};
  }
  if (arguments.answer_deadline_s) {
    settings.call.phone.after_accept = std::chrono::seconds{*arguments.answer_deadline_s};
    settings.call.phone.final_answer = settings.call.phone.after_accept;
  }
  if (arguments.no_control) {
    settings.call.agent.control = false;
  }
  return {};
}

Result<> apply_files(const CallArguments& arguments, CallSettings& settings) {
  if (!arguments.instructions_file.empty()) {
    auto text = read_text_file(arguments.instructions_file);
    if (!text) {
      return fail(std::move(text).error().with("--instructions-file"));
    }
    settings.call.agent.instructions = std::move(*text);
  }
  if (!arguments.api_key_file.empty()) {
    auto key = read_secret_file(arguments.api_key_file);
    if (!key) {
      return fail(std::move(key).error().with("--api-key-file"));
    }
    settings.api_key = std::move(*key);
  }
  if (!arguments.webhook_secret_file.empty()) {
    auto secret = read_secret_file(arguments.webhook_secret_file);
    if (!secret) {
      return fail(std::move(secret).error().with("--webhook-secret-file"));
    }
    settings.webhook_secrets = {std::move(*secret)};
  }
  return {};
}

/// Command line over configuration file over environment.
Result<> apply_arguments(CallArguments& arguments, std::vector<std::string> given) {
  CallSettings& settings = arguments.settings;
  if (std::ranges::find(given, "instructions_file") != given.end()) {
    given.emplace_back("instructions");
  }
  if (!arguments.config.empty()) {
    auto loaded = load_config(arguments.config, given, settings);
    if (!loaded) {
      return loaded;
    }
  }
  auto applied = apply_texts(arguments, settings);
  if (applied) {
    applied = apply_files(arguments, settings);
  }
  if (applied && !arguments.agent_file.empty()) {
    applied = load_call_agent(arguments.agent_file, arguments.agent, given, settings);
  }
  if (!applied) {
    return applied;
  }
  load_environment(process_environment(), settings);
  return complete(settings);
}

void print_report(const CallSettings& settings, const call::CallReport& report) {
  if (settings.json) {
    print(stdout, json_text(call::to_json(report)) + '\n');
    return;
  }
  print(stdout, call::to_text(report));
  if (call::exit_code(report.ending.result) != 0) {
    complain({Errc::internal, report.ending.reason}, 0);
  }
}

boost::asio::awaitable<int> call_and_report(CallSession& session) {
  const auto report = co_await run_call_session(session);
  if (!report) {
    co_return complain(report.error(), exit_usage);
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
  (*runtime)->hang_up_on_signals(user, "\nhanging up; press Ctrl-C again to leave at once\n");
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
  call->footer(call_footer);
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
