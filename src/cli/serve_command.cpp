#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "agent/agent_file.hpp"
#include "base/json_text.hpp"
#include "cli/agent_choice.hpp"
#include "cli/commands.hpp"
#include "cli/control_token.hpp"
#include "cli/exit_codes.hpp"
#include "cli/hold_sound.hpp"
#include "cli/print.hpp"
#include "cli/runtime.hpp"
#include "cli/serve_view.hpp"
#include "cli/settings.hpp"
#include "serve/agent_conversation.hpp"
#include "serve/memory_journal.hpp"
#include "serve/service.hpp"
#include "serve/stored_journal.hpp"
#include "store/journal.hpp"

namespace offhook::cli {
namespace {

namespace asio = boost::asio;
using Config = std::shared_ptr<const serve::ServiceConfig>;

constexpr const char* default_control = "127.0.0.1:8444";

constexpr const char* serve_footer =
    R"(Receives the webhooks of a project, decides each call by the agent file, and holds its conversation
until it is over. docs/agent.md shows the way from nothing to an agent with tools.

Signals: SIGTERM or Ctrl-C drains (no new calls; those that are up finish, or are told goodbye when
--drain-seconds runs short), a second one leaves at once. SIGHUP reads the agent file again: it holds
for new calls, and a bad one changes nothing.

Environment: whatever the agent file names in ${...}; OFFHOOK_CONTROL_TOKEN.
Exit codes: 0 drained, 1 internal error, 2 wrong usage or agent file, 130 left at once.)";

struct ServeArguments {
  std::string agent_file;
  std::string control;
  std::string ready_file;
  unsigned drain_s = 60;
  bool hand_over = false;
  bool json = false;
};

void complain(const std::string& text) { print(stderr, "offhook: " + text + "\n"); }

Result<Config> load(const std::string& path) {
  auto file = read_agent_file(path);
  if (!file) {
    return fail(std::move(file).error());
  }
  if (file->webhook.secrets.empty()) {
    return fail(Errc::invalid_argument,
                path + ": webhook is missing: serve takes the calls that it announces");
  }
  serve::ServiceParts parts;
  parts.log = [](std::string_view tool, std::string_view standard_error) {
    complain(fmt::format("tool {}: {}", tool, standard_error));
  };
  for (const auto& [name, profile] : file->agents) {
    auto sound = read_hold_sound(profile);
    if (!sound) {
      return fail(std::move(sound).error());
    }
    if (*sound) {
      parts.hold_sounds[name] = std::move(*sound);
    }
  }
  return serve::make_service_config(std::move(*file), std::move(parts));
}

/// Everything that `serve` runs on, in the order in which it is built.
class Serving {
 public:
  Serving(ServeArguments arguments, Config config)
      : arguments_{std::move(arguments)}, config_{std::move(config)} {}

  int run();

 private:
  Result<> open_journal();
  Result<> start_service();
  void print_ready(std::size_t resumed);
  [[nodiscard]] bool write_ready_file() const;
  void wait_for_signal();
  void on_signal(int number);
  void reload();
  asio::awaitable<void> show_events();
  asio::awaitable<void> sweep_now_and_then();
  asio::awaitable<int> serve();
  [[nodiscard]] std::string control_listen() const;

  ServeArguments arguments_;
  Config config_;
  asio::io_context context_{1};
  asio::signal_set signals_{context_, SIGINT, SIGTERM, SIGHUP};
  std::unique_ptr<store::Journal> store_;
  std::unique_ptr<serve::StoredJournal> stored_;
  serve::MemoryJournal forgetful_;
  std::optional<ControlToken> token_;
  std::unique_ptr<serve::Service> service_;
  bool leaving_ = false;
};

std::string Serving::control_listen() const {
  if (!arguments_.control.empty()) {
    return arguments_.control == "off" ? std::string{} : arguments_.control;
  }
  const std::string& listen = config_->file.control.listen;
  return listen.empty() ? default_control : listen;
}

Result<> Serving::open_journal() {
  if (config_->file.journal.empty()) {
    return {};
  }
  auto opened = store::Journal::open(config_->file.journal);
  if (!opened) {
    return fail(std::move(opened).error().with("journal"));
  }
  store_ = std::move(*opened);
  serve::StoredJournalOptions options;
  options.keep = config_->file.keep;
  options.estimate = [this](const std::string& model, const agent::Usage& usage) {
    return agent::estimate_cost(config_->file.prices, model, usage);
  };
  stored_ = std::make_unique<serve::StoredJournal>(*store_, std::move(options));
  return {};
}

Result<> Serving::start_service() {
  auto token =
      ControlToken::choose(config_->file.control.token, arguments_.agent_file + ".control-token");
  if (!token) {
    return fail(std::move(token).error());
  }
  token_.emplace(std::move(*token));
  serve::ServiceOptions options;
  options.config = config_;
  options.control_listen = control_listen();
  options.control_token = token_->secret();
  options.drain_limit = std::chrono::seconds{arguments_.drain_s};
  options.drain_end = arguments_.hand_over ? serve::CallDesk::DrainEnd::hand_over
                                           : serve::CallDesk::DrainEnd::goodbye;
  options.make_conversation = [executor = context_.get_executor()](
                                  const serve::ServiceConfig& config,
                                  serve::ConversationOrder order) {
    return serve::make_agent_conversation(executor, config, std::move(order));
  };
  serve::CallJournal& journal = stored_ ? static_cast<serve::CallJournal&>(*stored_) : forgetful_;
  auto service = serve::Service::start(context_.get_executor(), std::move(options), journal);
  if (!service) {
    return fail(std::move(service).error());
  }
  service_ = std::move(*service);
  return {};
}

void Serving::print_ready(std::size_t resumed) {
  if (arguments_.json) {
    return;
  }
  const agent::AgentFile& file = config_->file;
  std::string agents;
  bool realtime = false;
  bool live = false;
  for (const auto& [name, profile] : file.agents) {
    const bool is_live = profile.api == agent::Api::live;
    (is_live ? live : realtime) = true;
    agents += fmt::format("{}{} ({})", agents.empty() ? "" : ", ", name, profile.model);
  }
  const std::string events =
      fmt::format("{}{}{}", realtime ? "realtime.call.incoming" : "",
                  realtime && live ? " and " : "", live ? "live.transport.incoming" : "");
  std::string text = "offhook serve is ready; Ctrl-C drains, twice leaves at once\n";
  text += fmt::format("  agents    {}\n", agents);
  text += fmt::format("  webhook   {}\n", service_->webhook_url());
  text += fmt::format(
      "            set in the project's settings: a webhook for {}\n"
      "            whose public https address leads here (tunnel or proxy)\n",
      events);
  text += fmt::format("  SIP       the trunk calls sip:PROJECT@{}:5061;transport=tls\n",
                      file.provider.sip_host);
  text += fmt::format("  API       {}\n", file.provider.api_base);
  if (!service_->control_url().empty()) {
    text += fmt::format("  control   {}   token {}{}\n", service_->control_url(),
                        token_->file().empty() ? "as set" : "in ", token_->file());
  }
  text += fmt::format("  journal   {}", file.journal.empty() ? "none" : file.journal);
  text += resumed == 0 ? "\n" : fmt::format("   {} calls taken up again\n", resumed);
  print(stdout, text);
}

/// Written under another name and renamed, so that whoever waits for it never reads half of it.
bool Serving::write_ready_file() const {
  const boost::json::object ready{{"webhook_url", service_->webhook_url()},
                                  {"control_url", service_->control_url()},
                                  {"control_token_file", token_->file()},
                                  {"pid", getpid()}};
  const std::string unfinished = arguments_.ready_file + ".part";
  {
    std::ofstream file{unfinished};
    file << json_text(ready, 2) << '\n';
    if (!file.flush()) {
      return false;
    }
  }
  return std::rename(unfinished.c_str(), arguments_.ready_file.c_str()) == 0;
}

void Serving::wait_for_signal() {
  signals_.async_wait([this](boost::system::error_code failure, int number) {
    if (!failure) {
      on_signal(number);
      wait_for_signal();
    }
  });
}

void Serving::on_signal(int number) {
  if (number == SIGHUP) {
    reload();
    return;
  }
  if (std::exchange(leaving_, true)) {
    _exit(second_signal_exit_code);
  }
  service_->drain();
}

void Serving::reload() {
  auto loaded = load(arguments_.agent_file);
  if (!loaded) {
    complain(loaded.error().detail + "\noffhook: the agent file as it was goes on to hold");
    return;
  }
  config_ = std::move(*loaded);
  service_->reload(config_);
}

asio::awaitable<void> Serving::show_events() {
  serve::EventFeed& feed = service_->feed();
  std::uint64_t after = 0;
  for (;;) {
    bool gap = false;
    const auto events = feed.since(after, {}, gap);
    for (const serve::FeedEvent& event : events) {
      const std::string line = arguments_.json ? to_jsonl(event) : describe(event);
      if (!line.empty()) {
        print(stdout, line + "\n");
      }
    }
    if (events.empty()) {
      co_await feed.wait();
    }
  }
}

asio::awaitable<void> Serving::sweep_now_and_then() {
  asio::steady_timer timer{context_};
  for (;;) {
    const auto swept = co_await stored_->sweep();
    if (!swept) {
      complain("journal: " + swept.error().detail);
    }
    timer.expires_after(std::chrono::hours{1});
    co_await timer.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<int> Serving::serve() {
  const auto resumed = co_await service_->resume_calls();
  if (!resumed) {
    complain("journal: " + resumed.error().detail);
  }
  print_ready(resumed.value_or(0));
  if (!arguments_.ready_file.empty() && !write_ready_file()) {
    complain("--ready-file " + arguments_.ready_file + ": cannot be written");
    co_return exit_usage;
  }
  asio::co_spawn(context_, show_events(), asio::detached);
  if (stored_) {
    asio::co_spawn(context_, sweep_now_and_then(), asio::detached);
  }
  co_await service_->drained();
  co_return exit_ok;
}

int Serving::run() {
  auto ready = open_journal();
  if (ready) {
    ready = start_service();
  }
  if (!ready) {
    complain(ready.error().detail);
    return exit_usage;
  }
  std::signal(SIGPIPE, SIG_IGN);  // a peer that goes away is an error of that socket, not of us
  wait_for_signal();
  int exit_code = exit_internal_error;
  std::exception_ptr failure;
  asio::co_spawn(context_, serve(), [&](std::exception_ptr thrown, int code) {
    failure = std::move(thrown);
    exit_code = failure ? exit_internal_error : code;
    context_.stop();
  });
  context_.run();
  service_.reset();
  if (failure) {
    std::rethrow_exception(failure);
  }
  return exit_code;
}

int run_serve(const ServeArguments& arguments) {
  auto config = load(arguments.agent_file);
  if (!config) {
    complain(config.error().detail);
    return exit_usage;
  }
  Serving serving{arguments, std::move(*config)};
  return serving.run();
}

}  // namespace

void add_serve_command(CLI::App& app, Command& chosen) {
  CLI::App* serve =
      app.add_subcommand("serve", "Answer a project's calls with the agents of a file");
  serve->footer(serve_footer);
  const auto arguments = std::make_shared<ServeArguments>();
  ServeArguments& a = *arguments;
  serve->add_option("agent_file", a.agent_file, "Agent file (YAML), see docs/agent-file.md")
      ->type_name("FILE")
      ->required();
  serve
      ->add_option("--control", a.control,
                   "HOST:PORT of the control API on loopback, or off (default: the agent file's, "
                   "or 127.0.0.1:8444)")
      ->type_name("HOST:PORT")
      ->check([](const std::string& listen) {
        return listen == "off" ? std::string{} : agent::wrong_control_address(listen);
      });
  serve->add_option("--drain-seconds", a.drain_s, "How long calls may go on after SIGTERM")
      ->type_name("S")
      ->capture_default_str();
  serve->add_flag("--hand-over", a.hand_over,
                  "SIGTERM lets go of calls without ending them: the next serve with the same "
                  "journal goes on with them");
  serve
      ->add_option("--ready-file", a.ready_file,
                   "JSON with the addresses, written once all listens")
      ->type_name("FILE");
  serve->add_flag("--json", a.json, "Every event as a JSON line on stdout");
  serve->callback([arguments, &chosen] { chosen = [arguments] { return run_serve(*arguments); }; });
}

}  // namespace offhook::cli
