#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "agent/agent_file.hpp"
#include "base/clock.hpp"
#include "base/json_text.hpp"
#include "base/printable.hpp"
#include "call/dialled_call.hpp"
#include "cli/agent_choice.hpp"
#include "cli/call_files.hpp"
#include "cli/commands.hpp"
#include "cli/dial_journal.hpp"
#include "cli/exit_codes.hpp"
#include "cli/hold_sound.hpp"
#include "cli/print.hpp"
#include "cli/runtime.hpp"
#include "cli/terminal_view.hpp"
#include "net/tls.hpp"

namespace offhook::cli {
namespace {

namespace asio = boost::asio;

constexpr const char* dial_footer =
    R"(An agent with api: live calls somebody: OpenAI sends the INVITE to the carrier that the agent file's
trunk: names and carries the sound; this program holds the conversation, with the agent's tools, over
the sideband. OpenAI must have enabled outbound SIP for the organisation. Ctrl-C hangs up.
The call is kept in the agent file's journal (offhook calls). One whose process was killed goes on, with
its unfinished tools, by --resume ID, or when `offhook serve` is started with the same file.

Examples:
  offhook dial +14155550123
  offhook dial +14155550123 --agent agents/reminder.yaml --say "Say that the parcel has arrived."

Exit codes: 0 the call ended normally, 1 internal error, 2 wrong usage or agent file, 10 the API is
unreachable, 11 its TLS certificate, 12 the carrier refused the call (busy, no such number), 13 nobody
answered, 15 the API refused to place the call, 16 sideband failed, 130 Ctrl-C twice.)";

struct DialArguments {
  std::string number;
  std::string resume;
  std::string agent_file = "agent.yaml";
  std::string agent;
  std::optional<std::string> say;
  unsigned ring_time_s = 60;
  unsigned max_duration_s = 0;
  std::string events;
  std::string timeline;
  std::string summary;
  bool json = false;
};

/// Everything that the call is made of.
struct Dial {
  agent::AgentFile file;
  openai::Provider provider;
  agent::ToolFactory make_tool;
  call::DialOptions options{};
  std::shared_ptr<const std::string> hold_sound{};
};

Result<> check(const DialArguments& arguments) {
  if (arguments.resume.empty() == arguments.number.empty()) {
    return fail(Errc::invalid_argument, "dial: give either a NUMBER to call, or --resume ID");
  }
  const std::string wrong =
      arguments.number.empty() ? std::string{} : agent::check_number(arguments.number);
  return wrong.empty() ? Result<>{}
                       : fail(Errc::invalid_argument, "dial " + arguments.number + ": " + wrong);
}

Result<> check(const DialArguments& arguments, const agent::AgentFile& file) {
  if (file.provider.kind == agent::ProviderSettings::Kind::azure) {
    return fail(Errc::unsupported,
                arguments.agent_file + ": Azure has no Live API, and only that one places calls");
  }
  if (file.trunk.provider_url.empty() && arguments.resume.empty()) {
    return fail(Errc::invalid_argument,
                arguments.agent_file +
                    ": trunk is missing: it names the carrier that the call leaves by, as "
                    "trunk: {provider_url: sips:HOST, username: …, password: ${…}, caller_number: "
                    "+…}; see docs/agent-file.md");
  }
  return {};
}

/// @param agent  Its name; empty: the file's only one.
Result<> choose(Dial& dial, const DialArguments& arguments, const std::string& agent) {
  auto profile = choose_agent(dial.file, agent::Api::live, agent);
  if (!profile) {
    return fail(std::move(profile).error().with(arguments.agent_file));
  }
  if (arguments.say) {
    profile->opening = *arguments.say;
  }
  auto sound = read_hold_sound(*profile);
  if (!sound) {
    return fail(std::move(sound).error());
  }
  dial.hold_sound = std::move(*sound);
  dial.options.profile = std::move(*profile);
  return {};
}

Result<Dial> prepare(const DialArguments& arguments) {
  if (auto fine = check(arguments); !fine) {
    return fail(std::move(fine).error());
  }
  auto file = read_agent_file(arguments.agent_file);
  if (!file) {
    return fail(std::move(file).error());
  }
  if (auto fine = check(arguments, *file); !fine) {
    return fail(std::move(fine).error());
  }
  auto provider = agent::make_provider(file->provider);
  auto tools = read_tools(*file);
  if (!provider || !tools) {
    return fail(provider ? std::move(tools).error() : std::move(provider).error());
  }
  Dial dial{std::move(*file), std::move(*provider), agent::tool_factory(std::move(*tools))};
  dial.options.trunk = dial.file.trunk;
  dial.options.destination = arguments.number;
  dial.options.ring_time = std::chrono::seconds{arguments.ring_time_s};
  dial.options.max_duration = std::chrono::seconds{arguments.max_duration_s};
  if (arguments.resume.empty()) {  // else the journal says which
    if (auto chosen = choose(dial, arguments, arguments.agent); !chosen) {
      return fail(std::move(chosen).error());
    }
  }
  return dial;
}

/// One call with the files and the screen around it.
class Dialling {
 public:
  Dialling(const DialArguments& arguments, Dial dial, Runtime& runtime)
      : arguments_{arguments}, dial_{std::move(dial)}, runtime_{runtime} {
    runtime_.hang_up_on_signals(user_, "\nhanging up; press Ctrl-C again to leave at once\n");
  }

  [[nodiscard]] Result<> open_files() {
    const auto open = [](const std::string& path, std::string_view option,
                         std::optional<JsonlFile>& file) -> Result<> {
      auto opened = open_call_file(path, option);
      if (!opened) {
        return fail(std::move(opened).error());
      }
      file = std::move(*opened);
      return {};
    };
    auto opened = open(arguments_.events, "--events", events_);
    if (opened) {
      opened = open(arguments_.timeline, "--timeline", timeline_file_);
    }
    if (opened) {
      opened = open(arguments_.summary, "--summary", summary_);
    }
    if (!opened) {
      return opened;
    }
    auto journal = DialJournal::open(runtime_.control(), dial_.file, timeline_);
    if (!journal) {
      return fail(std::move(journal).error());
    }
    journal_ = std::move(*journal);
    return {};
  }

  asio::awaitable<int> run() {
    TerminalView view{
        stdout, arguments_.json ? TerminalView::Style::json : TerminalView::Style::conversation};
    const auto subscription = timeline_.subscribe([&](const Mark& mark) {
      view.show(mark);
      if (timeline_file_) {
        timeline_file_->write(to_jsonl(mark));
      }
    });
    if (!arguments_.resume.empty()) {
      const auto resumed = co_await resume();
      if (!resumed) {
        co_return complain(resumed.error(), exit_usage);
      }
    }
    journal_->expect(dial_.options);
    journal_->sweep();
    call::DialServices services{
        runtime_.control(), dial_.provider, timeline_,        user_,
        dial_.make_tool,    *journal_,      dial_.hold_sound, event_writer(events_)};
    auto report = co_await call::run_dialled_call(std::move(services), dial_.options);
    report.cost =
        agent::estimate_cost(dial_.file.prices, dial_.options.profile.model, report.usage);
    if (summary_) {
      summary_->write(json_text(call::to_json(report), 2));
    }
    const int code = call::exit_code(report.ending.result);
    if (arguments_.json) {
      print(stdout, json_text(call::to_json(report)) + '\n');
    } else {
      print(stdout, call::to_text(report));
      if (code != 0) {
        complain({Errc::internal, report.ending.reason}, code);
      }
    }
    co_return code;
  }

 private:
  /// The call that the journal has, as it was placed.
  asio::awaitable<Result<>> resume() {
    auto call = co_await journal_->take_over(arguments_.resume);
    if (!call) {
      co_return fail(std::move(call).error());
    }
    auto chosen = choose(dial_, arguments_, call->agent);
    if (chosen) {
      call::DialOptions& options = dial_.options;
      options.session_id = call->offer.id;
      options.destination = call->called;
      options.used = call->used;
      options.age = std::chrono::seconds{std::max<std::int64_t>(0, unix_seconds() - call->began)};
    }
    co_return chosen;
  }

  const DialArguments& arguments_;
  Dial dial_;
  Runtime& runtime_;
  Timeline timeline_;
  call::UserCommands user_{runtime_.control()};
  std::optional<JsonlFile> events_;
  std::optional<JsonlFile> timeline_file_;
  std::optional<JsonlFile> summary_;
  std::unique_ptr<DialJournal> journal_;
};

int run_dial(const DialArguments& arguments) {
  auto dial = prepare(arguments);
  if (!dial) {
    print(stderr, "offhook: " + dial.error().detail + '\n');  // may be several lines
    return exit_usage;
  }
  auto runtime = Runtime::start();
  if (!runtime) {
    return complain(runtime.error(), exit_internal_error);
  }
  Dialling dialling{arguments, std::move(*dial), **runtime};
  if (const auto opened = dialling.open_files(); !opened) {
    return complain(opened.error(), exit_usage);
  }
  return (*runtime)->run(dialling.run());
}

}  // namespace

void add_dial_command(CLI::App& app, Command& chosen) {
  CLI::App* dial = app.add_subcommand("dial", "Let a live agent call somebody by a SIP trunk");
  dial->footer(dial_footer);
  const auto arguments = std::make_shared<DialArguments>();
  DialArguments& a = *arguments;
  dial->add_option("number", a.number, "Whom to call: +E164, as +14155550123")->type_name("NUMBER");
  dial->add_option("--agent", a.agent_file, "Agent file (YAML) with a trunk")
      ->type_name("FILE")
      ->capture_default_str();
  dial->add_option("--as", a.agent, "Which agent of the file (default: its only live one)")
      ->type_name("NAME");
  dial->add_option("--resume", a.resume,
                   "Go on with this call of a process that is gone (`offhook calls --live`)")
      ->type_name("ID");
  dial->add_option("--say", a.say, "Opening instructions of this call; \"\" for none")
      ->type_name("TEXT");
  dial->add_option("--ring-time", a.ring_time_s,
                   "Give up when nobody answers for so long; 0: never")
      ->type_name("S")
      ->capture_default_str();
  dial->add_option("--max-duration", a.max_duration_s,
                   "Hang up so many seconds after the answer (default 0: never)")
      ->type_name("S");
  dial->add_option("--events", a.events, "JSONL of every sideband event")->type_name("FILE");
  dial->add_option("--timeline", a.timeline, "JSONL of every step of the call")->type_name("FILE");
  dial->add_option("--summary", a.summary, "JSON summary")->type_name("FILE");
  dial->add_flag("--json", a.json, "Timeline and summary as JSON lines on stdout");
  dial->callback([arguments, &chosen] { chosen = [arguments] { return run_dial(*arguments); }; });
}

}  // namespace offhook::cli
