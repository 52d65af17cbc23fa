#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/speech.hpp"
#include "base/json_text.hpp"
#include "base/random.hpp"
#include "base/timeline.hpp"
#include "call/user_commands.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/runtime.hpp"
#include "cli/settings.hpp"
#include "cli/terminal_view.hpp"
#include "net/url.hpp"
#include "sim/sim.hpp"

namespace offhook::cli {
namespace {

namespace asio = boost::asio;

/// Bearer token of a sim that was given none. Not a secret: it opens nothing but a sim.
constexpr const char* default_api_key = "sk-sim";

struct SimArguments {
  sim::SimConfig config;
  std::string sip = "127.0.0.1:5061";
  std::string sip_udp;
  std::string api = "127.0.0.1:8090";
  std::string api_tls;
  std::string api_key_file;
  std::string webhook;
  std::string webhook_secret_file;
  std::string rtp_ports;
  std::string ready_file;
  std::string replies_file;
  std::string heard_file;
  std::string persona_file;
  std::string brain;
  std::string brain_model = "gpt-4o-mini";
  std::string brain_key_file;
  unsigned brain_timeout_s = 20;
  std::vector<std::string> quirks;
  std::vector<std::string> replay;
  bool list_quirks = false;
  std::vector<std::string> assumptions;
  bool list_assumptions = false;
  unsigned accept_deadline_s = 10;
  bool json = false;
};

constexpr const char* sim_footer =
    R"(A stand-in for OpenAI's phone side: SIP over TLS, signed webhooks, REST, sidebands and a voice that
answers, all on this machine. Point any controller and any SIP phone at it.

--quirk makes it misbehave as the real service has been seen to: --quirks lists them all. A caller can
wish for some, too, by a header of its INVITE: X-Sim-Quirks: loss, sideband-drop.
--assume decides what nobody knows about the real service: --assumptions lists it with the defaults.

Examples:
  offhook sim --webhook http://127.0.0.1:9000/webhook --webhook-secret-file secret.txt
  offhook sim --sip 127.0.0.1:0 --api 127.0.0.1:0 --ready-file ready.json
  offhook sim --sip-udp 127.0.0.1:5060 --quirk duplicate-webhook
  offhook sim --assume ringing=after-accept --assume webhook-retries=none
  offhook sim --record calls    (once), then    offhook sim --replay calls)";

/// Empty when there is neither a cache nor a home folder.
std::string default_certs_dir() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  if (cache == nullptr && home == nullptr) {
    return {};
  }
  const std::string base = cache != nullptr ? cache : std::string{home} + "/.cache";
  return base + "/offhook/sim";
}

Result<net::HostPort> read_address(const std::string& text, std::string_view option) {
  auto address = net::parse_host_port(text);
  if (!address) {
    return fail(std::move(address).error().with(option));
  }
  return address;
}

Result<std::vector<std::string>> read_lines(const std::string& path) {
  std::vector<std::string> lines;
  if (path.empty()) {
    return lines;
  }
  std::ifstream file{path};
  if (!file) {
    return fail(Errc::not_found, path + ": cannot be read");
  }
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) {
      lines.push_back(line);
    }
  }
  return lines;
}

Result<> read_persona(const std::string& path, sim::SimConfig& config) {
  if (path.empty()) {
    return {};
  }
  const auto text = read_text_file(path);
  if (!text) {
    return fail(text.error());
  }
  auto script = sim::parse_persona(*text, path);
  if (!script) {
    return fail(std::move(script).error());
  }
  config.persona = std::move(*script);
  return {};
}

Result<> apply_brain(const SimArguments& arguments, sim::SimConfig& config) {
  if (arguments.brain.empty()) {
    return {};
  }
  auto url = sim::brain_url(arguments.brain);
  if (!url) {
    return fail(std::move(url).error().with("--brain"));
  }
  sim::BrainConfig brain{std::move(*url), arguments.brain_model};
  brain.timeout = std::chrono::seconds{arguments.brain_timeout_s};
  if (!arguments.brain_key_file.empty()) {
    auto key = read_secret_file(arguments.brain_key_file);
    if (!key) {
      return fail(std::move(key).error().with("--brain-key-file"));
    }
    brain.key = std::move(*key);
  }
  config.brain = std::move(brain);
  return {};
}

Result<> apply_replay(const std::vector<std::string>& paths, sim::SimConfig& config) {
  auto fixtures = sim::load_fixtures(paths);
  if (!fixtures) {
    return fail(std::move(fixtures).error().with("--replay"));
  }
  config.replay = std::move(*fixtures);
  return {};
}

Result<> apply_addresses(SimArguments& arguments) {
  sim::SimConfig& config = arguments.config;
  const auto sip = read_address(arguments.sip, "--sip");
  const auto api = read_address(arguments.api, "--api");
  if (!sip || !api) {
    return fail(!sip ? sip.error() : api.error());
  }
  config.host = sip->host;
  config.sip_tls_port = sip->port;
  config.api_host = api->host;
  config.api_port = api->port;
  if (!arguments.sip_udp.empty()) {
    const auto udp = read_address(arguments.sip_udp, "--sip-udp");
    if (!udp) {
      return fail(udp.error());
    }
    if (udp->host != config.host) {
      return fail(Errc::invalid_argument, "--sip-udp must have the host of --sip");
    }
    config.sip_udp_port = udp->port;
  }
  if (!arguments.api_tls.empty()) {
    const auto tls = read_address(arguments.api_tls, "--api-tls");
    if (!tls) {
      return fail(tls.error());
    }
    config.api_tls_host = tls->host;
    config.api_tls_port = tls->port;
  }
  return {};
}

Result<> apply_rtp_ports(const std::string& text, sim::SimConfig& config) {
  if (text.empty()) {
    return {};
  }
  unsigned first = 0;
  unsigned last = 0;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%u-%u%c", &first, &last, &rest) != 2 || first < 1 ||
      last > 65'535 || last < first + 1) {
    return fail(Errc::invalid_argument,
                "--rtp-ports " + text + ": must be FIRST-LAST, as 40000-40999");
  }
  config.rtp_first = static_cast<std::uint16_t>(first);
  config.rtp_last = static_cast<std::uint16_t>(last);
  return {};
}

Result<> apply_quirks(const std::vector<std::string>& names,
                      std::vector<sim::QuirkChance>& quirks) {
  for (const std::string& name : names) {
    auto chance = sim::parse_quirk(name);
    if (!chance) {
      return fail(std::move(chance).error().with("--quirk"));
    }
    quirks.push_back(*chance);
  }
  return {};
}

Result<> apply_assumptions(const std::vector<std::string>& given, sim::Assumptions& assumptions) {
  for (const std::string& one : given) {
    if (auto read = sim::assume(assumptions, one); !read) {
      return fail(std::move(read).error().with("--assume"));
    }
  }
  return {};
}

void print_assumptions() {
  const sim::Assumptions defaults;
  for (const sim::AssumptionInfo& info : sim::all_assumptions()) {
    fmt::print("{}={}\n    {}\n    values: {}\n", info.name, sim::value_of(defaults, info.name),
               info.what, info.values);
  }
}

void print_quirks() {
  for (const sim::QuirkInfo& quirk : sim::all_quirks()) {
    fmt::print("{}\n    {}\n    seen: {}\n", quirk.name, quirk.what, quirk.seen);
  }
}

/// Without a file of the user's, one secret is made and kept beside the certificates.
Result<Secret> webhook_secret(const SimArguments& arguments, std::string& where) {
  if (!arguments.webhook_secret_file.empty()) {
    where = arguments.webhook_secret_file;
    return read_secret_file(where);
  }
  where = arguments.config.certs_dir + "/webhook-secret";
  if (!std::filesystem::exists(where)) {
    std::error_code failure;
    std::filesystem::create_directories(arguments.config.certs_dir, failure);
    const mode_t before = umask(077);
    std::ofstream file{where};
    umask(before);
    file << "whsec_" << random_hex(32) << '\n';
    if (!file.flush()) {
      return fail(Errc::not_found, where + ": cannot be written; choose a folder with --certs");
    }
  }
  return read_secret_file(where);
}

Result<> check_webhook_and_voice(const SimArguments& arguments) {
  if (!arguments.webhook.empty()) {
    auto url = net::parse_url(arguments.webhook);
    if (!url || !url->scheme.starts_with("http")) {
      return fail(Errc::invalid_argument,
                  "--webhook " + arguments.webhook + ": must be an http or https address");
    }
  }
  auto spoken = audio::speak("a", arguments.config.voice, 16'000);
  if (!spoken) {
    return fail(std::move(spoken).error().with("--voice"));
  }
  return {};
}

Result<std::string> apply_arguments(SimArguments& arguments) {
  sim::SimConfig& config = arguments.config;
  for (const auto& applied :
       {apply_addresses(arguments), apply_rtp_ports(arguments.rtp_ports, config),
        apply_quirks(arguments.quirks, config.quirks), apply_brain(arguments, config),
        apply_assumptions(arguments.assumptions, config.assumptions),
        apply_replay(arguments.replay, config)}) {
    if (!applied) {
      return fail(applied.error());
    }
  }
  config.api_key = Secret{default_api_key};
  const bool reachable = !net::is_loopback(config.api_host) ||
                         (config.api_tls_port && !net::is_loopback(config.api_tls_host));
  if (reachable && arguments.api_key_file.empty()) {
    return fail(Errc::invalid_argument,
                "--api: others can reach this address; give it a key of its own with "
                "--api-key-file");
  }
  if (!arguments.api_key_file.empty()) {
    auto key = read_secret_file(arguments.api_key_file);
    if (!key) {
      return fail(std::move(key).error());
    }
    config.api_key = std::move(*key);
  }
  std::string secret_file;
  auto secret = webhook_secret(arguments, secret_file);
  auto replies = read_lines(arguments.replies_file);
  auto heard = read_lines(arguments.heard_file);
  auto persona = read_persona(arguments.persona_file, config);
  for (const Error* error :
       {secret ? nullptr : &secret.error(), replies ? nullptr : &replies.error(),
        heard ? nullptr : &heard.error(), persona ? nullptr : &persona.error()}) {
    if (error != nullptr) {
      return fail(*error);
    }
  }
  if (!config.record.empty()) {
    std::error_code failure;
    std::filesystem::create_directories(config.record, failure);
    if (failure) {
      return fail(Errc::not_found, "--record " + config.record + ": " + failure.message());
    }
  }
  if (auto usable = check_webhook_and_voice(arguments); !usable) {
    return fail(std::move(usable).error());
  }
  config.webhook_url = arguments.webhook;
  config.webhook_secret = std::move(*secret);
  config.replies = std::move(*replies);
  config.heard = std::move(*heard);
  config.accept_deadline = std::chrono::seconds{arguments.accept_deadline_s};
  return secret_file;
}

boost::json::object ready_json(const SimArguments& arguments,
                               const sim::Sim& sim,
                               const std::string& secret_file) {
  const sim::SimAddresses& addresses = sim.addresses();
  const sim::SimConfig& config = arguments.config;
  boost::json::object ready{
      {"sip_host", config.host},
      {"sip_tls_port", addresses.sip_tls_port},
      {"sip_target", fmt::format("sip:{}@{}:{};transport=tls", config.project, config.host,
                                 addresses.sip_tls_port)},
      {"sip_name", addresses.server_name},
      {"ca_file", addresses.ca_file},
      {"api_port", addresses.api_port},
      {"api_base", fmt::format("http://{}:{}/v1", config.api_host, addresses.api_port)},
      {"webhook_secret_file", secret_file},
      {"pid", getpid()}};
  if (sim.recogniser()) {
    ready["recogniser"] = *sim.recogniser();
  }
  if (audio::speech_available()) {
    ready["voice"] = config.voice;
  }
  if (addresses.sip_udp_port != 0) {
    ready["sip_udp_port"] = addresses.sip_udp_port;
  }
  if (addresses.api_tls_port != 0) {
    ready["api_tls_port"] = addresses.api_tls_port;
    ready["api_tls_base"] =
        fmt::format("https://{}:{}/v1", config.api_tls_host, addresses.api_tls_port);
  }
  return ready;
}

/// Written under another name and renamed, so that whoever waits for it never reads half of it.
bool write_ready_file(const std::string& path, const boost::json::object& ready) {
  const std::string unfinished = path + ".part";
  {
    std::ofstream file{unfinished};
    file << json_text(ready, 2) << '\n';
    if (!file.flush()) {
      return false;
    }
  }
  return std::rename(unfinished.c_str(), path.c_str()) == 0;
}

void print_ready(const boost::json::object& ready,
                 const SimArguments& arguments,
                 const Result<std::string>& recogniser) {
  const auto text = [&](const char* name) {
    const boost::json::value& value = ready.at(name);
    return value.is_string() ? std::string{value.as_string()} : json_text(value);
  };
  fmt::print("offhook sim is ready; Ctrl-C ends it\n");
  fmt::print("  SIP       {}\n", text("sip_target"));
  if (ready.contains("sip_udp_port")) {
    fmt::print("            sip:{}@{}:{} (UDP and TCP)\n", arguments.config.project,
               arguments.config.host, text("sip_udp_port"));
  }
  fmt::print("  trust     {} (name {})\n", text("ca_file"), text("sip_name"));
  fmt::print("  REST      {}{}\n", text("api_base"),
             arguments.api_key_file.empty() ? fmt::format("   key {}", default_api_key) : "");
  if (ready.contains("api_tls_base")) {
    fmt::print("            {}\n", text("api_tls_base"));
  }
  fmt::print("  webhook   {}   secret in {}\n",
             arguments.webhook.empty() ? "(none: --webhook URL)" : arguments.webhook,
             text("webhook_secret_file"));
  if (const auto& replayed = arguments.config.replay; !replayed.empty()) {
    fmt::print("  replay    {} recording{}\n", replayed.size(), replayed.size() == 1 ? "" : "s");
  }
  fmt::print("  voice     {}\n", audio::speech_available()
                                     ? arguments.config.voice
                                     : "tones: this build has no flite (package flite1-dev)");
  fmt::print("  ears      {}\n", recogniser ? *recogniser : recogniser.error().detail);
  std::fflush(stdout);
}

struct SimRun {
  Runtime& runtime;
  SimArguments& arguments;
  std::string secret_file;
  call::UserCommands& user;
};

asio::awaitable<int> serve(SimRun& run) {
  Timeline timeline;
  TerminalView view{stdout,
                    run.arguments.json ? TerminalView::Style::json : TerminalView::Style::sim};
  const auto subscription = timeline.subscribe([&](const Mark& mark) { view.show(mark); });
  auto sim = sim::Sim::start(run.runtime.control(), run.runtime.sip_loop(), run.runtime.engine(),
                             run.arguments.config, &timeline);
  if (!sim) {
    fmt::print(stderr, "offhook: {}\n", sim.error().detail);
    co_return exit_usage;
  }
  const boost::json::object ready = ready_json(run.arguments, **sim, run.secret_file);
  if (run.arguments.json) {
    fmt::print("{}\n", json_text(ready));
    std::fflush(stdout);
  } else {
    print_ready(ready, run.arguments, (*sim)->recogniser());
  }
  int exit_code = exit_ok;
  if (!run.arguments.ready_file.empty() && !write_ready_file(run.arguments.ready_file, ready)) {
    fmt::print(stderr, "offhook: --ready-file {}: cannot be written\n", run.arguments.ready_file);
    exit_code = exit_usage;
  } else {
    const auto command = co_await run.user.next();
    static_cast<void>(command);  // whatever it is, it means: end
  }
  co_await (*sim)->close();
  co_return exit_code;
}

int run_sim(SimArguments& arguments) {
  if (arguments.list_quirks) {
    print_quirks();
    return exit_ok;
  }
  if (arguments.list_assumptions) {
    print_assumptions();
    return exit_ok;
  }
  if (arguments.config.certs_dir.empty()) {
    arguments.config.certs_dir = default_certs_dir();
  }
  if (arguments.config.certs_dir.empty()) {
    fmt::print(stderr, "offhook: HOME is not set; choose a folder with --certs\n");
    return exit_usage;
  }
  auto applied = apply_arguments(arguments);
  if (!applied) {
    fmt::print(stderr, "offhook: {}\n", applied.error().detail);
    return exit_usage;
  }
  auto runtime = Runtime::start();
  if (!runtime) {
    fmt::print(stderr, "offhook: {}\n", runtime.error().detail);
    return exit_internal_error;
  }
  call::UserCommands user{(*runtime)->control()};
  (*runtime)->hang_up_on_signals(user, "\nstopping; press Ctrl-C again to leave at once\n");
  SimRun run{**runtime, arguments, std::move(*applied), user};
  return (*runtime)->run(serve(run));
}

}  // namespace

void add_sim_command(CLI::App& app, Command& chosen) {
  CLI::App* sim = app.add_subcommand("sim", "Stand in for OpenAI's phone side on this machine");
  sim->footer(sim_footer);
  const auto arguments = std::make_shared<SimArguments>();
  SimArguments& a = *arguments;
  sim->add_option("--sip", a.sip, "HOST:PORT of SIP over TLS; port 0: any")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  sim->add_option("--sip-udp", a.sip_udp,
                  "HOST:PORT of SIP over UDP and TCP, for phones without TLS")
      ->type_name("HOST:PORT");
  sim->add_option("--api", a.api, "HOST:PORT of REST and sidebands (http, ws)")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  sim->add_option("--api-tls", a.api_tls, "HOST:PORT of the same over TLS (https, wss)")
      ->type_name("HOST:PORT");
  sim->add_option("--project", a.config.project, "Project id that INVITEs must name")
      ->type_name("ID")
      ->capture_default_str();
  sim->add_option("--api-key-file", a.api_key_file, "File with the API key (default key: sk-sim)")
      ->type_name("FILE");
  sim->add_option("--webhook", a.webhook, "URL that incoming calls are announced to")
      ->type_name("URL");
  sim->add_option("--webhook-secret-file", a.webhook_secret_file,
                  "File with the secret that signs webhooks")
      ->type_name("FILE");
  sim->add_option("--certs", a.config.certs_dir, "Folder of CA and certificate; made when missing")
      ->type_name("FOLDER");
  sim->add_option("--rtp-ports", a.rtp_ports, "FIRST-LAST port range for RTP (default: any)")
      ->type_name("A-B");
  sim->add_option("--voice", a.config.voice, "Voice of the model: slt, rms, kal16")
      ->type_name("NAME")
      ->capture_default_str();
  sim->add_flag("--live,!--no-live", a.config.live.enabled,
                "Announce calls to the Live API, too, and let it take them (default: on)");
  sim->add_flag("--live-deprecated-event", a.config.live.deprecated_event,
                "Send live.call.incoming besides live.transport.incoming");
  sim->add_flag("--live-plain-rtp", a.config.live.plain_rtp,
                "Let Live take calls whose media is not encrypted");
  sim->add_option("--replies", a.replies_file, "File of replies, one a line, said in turn")
      ->type_name("FILE");
  sim->add_option("--heard", a.heard_file, "File of what the caller's turns say, one a line")
      ->type_name("FILE");
  sim->add_option("--persona", a.persona_file,
                  "YAML file of rules: what the model answers to what it hears")
      ->type_name("FILE");
  sim->add_option("--brain", a.brain,
                  "Chat endpoint of the OpenAI kind that answers instead of rules (Realtime)")
      ->type_name("URL");
  sim->add_option("--brain-model", a.brain_model, "Model that it is asked for")
      ->type_name("NAME")
      ->capture_default_str();
  sim->add_option("--brain-key-file", a.brain_key_file, "File with its API key")->type_name("FILE");
  sim->add_option("--brain-timeout", a.brain_timeout_s, "Seconds to wait for one answer")
      ->check(CLI::Range(1U, 600U))
      ->type_name("S")
      ->capture_default_str();
  sim->add_flag("--ears,!--no-ears", a.config.recognise,
                "Recognise what callers say, where the recogniser is installed (default: on)");
  sim->add_option("--accept-deadline", a.accept_deadline_s, "Seconds from webhook to decision")
      ->type_name("S")
      ->capture_default_str();
  sim->add_flag("--live-outbound", a.config.live.outbound,
                "Let Live sessions place calls by SIP trunks, those near by included");
  sim->add_option("--live-trunk-ca", a.config.live.trunk_ca_file,
                  "PEM file of the authority that trunks are verified by (default: the system's)")
      ->type_name("FILE");
  sim->add_option("--quirk", a.quirks,
                  "Misbehave as the real service has, in all calls or in some; several allowed")
      ->type_name("NAME[:PROBABILITY]");
  sim->add_flag("--quirks", a.list_quirks, "List what --quirk can be, and end");
  sim->add_option("--assume", a.assumptions,
                  "Decide what nobody knows about the real service; several allowed")
      ->type_name("NAME=VALUE");
  sim->add_flag("--assumptions", a.list_assumptions, "List what --assume can be, and end");
  sim->add_option("--seed", a.config.seed,
                  "Number that all ids and times come from, so that runs can be compared")
      ->type_name("N");
  sim->add_option("--record", a.config.record,
                  "Folder for a stereo recording of each call (left caller, right model) and for "
                  "its events (Realtime)")
      ->type_name("FOLDER");
  sim->add_option("--replay", a.replay,
                  "Answer calls with recorded ones, in turn: files of events with sound beside "
                  "them, or folders of such; several allowed")
      ->type_name("FILE|FOLDER");
  sim->add_option("--ready-file", a.ready_file,
                  "JSON with the bound ports, written once all listens")
      ->type_name("FILE");
  sim->add_flag("--json", a.json, "JSON lines on stdout");
  sim->callback([arguments, &chosen] { chosen = [arguments] { return run_sim(*arguments); }; });
}

}  // namespace offhook::cli
