#include <filesystem>
#include <functional>
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "base/race.hpp"
#include "cli/call_session.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/print.hpp"
#include "cli/runtime.hpp"
#include "cli/scripted_caller.hpp"

namespace offhook::cli {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// What the caller says, in turn. The second line interrupts the answer to the first.
const std::vector<std::string> caller_lines{
    "Good morning, can you tell me where my order is?",
    "Wait, Thursday is too late for me.",
    "Perfect, thank you and goodbye.",
};

/// What the stand-in answers, in turn.
const std::vector<std::string> model_replies{
    "Let me have a look. Your order left the warehouse yesterday evening. It should arrive on "
    "Thursday, if the weather holds and the driver finds your street.",
    "I see. I have put it on the express van. It will be with you tomorrow morning.",
    "You are welcome. Goodbye!",
};

constexpr const char* greeting = "Say \"Hello! This is the off hook demo. How can I help you?\"";
constexpr auto interrupt_after = 2'600ms;
constexpr auto thinking_time = 500ms;

struct DemoArguments {
  std::string folder = "demo";
  std::string codecs;
  std::string sim_record;
  bool events = false;
};

/// Counts what the script waits for, read from the timeline.
class Progress {
 public:
  Progress(Timeline& timeline, const asio::any_io_executor& control)
      : changed_{control, asio::steady_timer::time_point::max()},
        subscription_{timeline.subscribe([this](const Mark& mark) { on_mark(mark); })} {}

  int started = 0;  ///< Times the model began to speak.
  int silent = 0;   ///< Times it stopped, or was cut short.

  /// Waits until `reached` holds.
  asio::awaitable<void> wait(std::function<bool()> reached) {
    while (!reached()) {
      changed_.expires_after(20ms);  // the caller's own progress makes no mark
      co_await changed_.async_wait(asio::use_awaitable);
    }
  }

 private:
  void on_mark(const Mark& mark) {
    if (mark.source == "sideband") {
      started += mark.name == "output_audio_buffer.started" ? 1 : 0;
      silent +=
          mark.name == "output_audio_buffer.stopped" || mark.name == "output_audio_buffer.cleared"
              ? 1
              : 0;
    }
  }

  asio::steady_timer changed_;
  Timeline::Subscription subscription_;
};

struct Demo {
  Runtime& runtime;
  Timeline& timeline;
  call::UserCommands& user;
  ScriptedCaller& caller;
  Progress& progress;
  bool finished = false;  ///< The script was played to its end.
};

asio::awaitable<void> pause(const Demo& demo, std::chrono::milliseconds duration) {
  asio::steady_timer timer{demo.runtime.control(), duration};
  co_await timer.async_wait(asio::use_awaitable);
}

/// The caller's part of the conversation, top to bottom.
asio::awaitable<Result<call::CallReport>> play_script(Demo& demo) {
  Progress& progress = demo.progress;
  std::function<bool()> greeted = [&] { return progress.silent >= 1; };
  co_await progress.wait(greeted);
  co_await pause(demo, thinking_time);
  demo.caller.say(0);

  // The answer is long: interrupt it. The model must fall silent at once.
  std::function<bool()> answering = [&] { return progress.started >= 2; };
  co_await progress.wait(answering);
  co_await pause(demo, interrupt_after);
  demo.caller.say(1);

  std::function<bool()> answered_again = [&] {
    return progress.started >= 3 && progress.silent >= 3;
  };
  co_await progress.wait(answered_again);
  co_await pause(demo, thinking_time);
  demo.caller.say(2);

  std::function<bool()> said_goodbye = [&] { return progress.silent >= 4; };
  co_await progress.wait(said_goodbye);
  demo.finished = true;
  demo.user.give({call::UserCommands::Command::Kind::hang_up, 0});
  std::function<bool()> never = [] { return false; };
  co_await progress.wait(never);  // the call's own end decides the race
  co_return fail(Errc::internal);
}

void say_what_next(const DemoArguments& arguments) {
  fmt::print(R"(
Left in {0}/
  recording.wav   what was said: left the caller, right the model
  events.jsonl    every sideband event, both ways
  timeline.jsonl  every step of the call
  summary.json    the figures above

Try next
  offhook call --sim                talk to it yourself (microphone and loudspeaker)
  offhook sim                       let your own controller and phone call it
  offhook call --help               call OpenAI: needs a key, a project and a webhook
)",
             arguments.folder);
}

asio::awaitable<int> run_demo_call(CallSession& session,
                                   Demo& demo,
                                   const DemoArguments& arguments) {
  auto report = co_await first_of(run_call_session(session), play_script(demo));
  if (!report) {
    fmt::print(stderr, "offhook: {}\n", report.error().detail);
    co_return exit_internal_error;
  }
  print(stdout, call::to_text(*report));
  const int code = call::exit_code(report->ending.result);
  if (code != 0) {
    fmt::print(stderr, "offhook: {}\n", report->ending.reason);
    co_return code;
  }
  if (!demo.finished) {
    fmt::print(stderr, "offhook: the demo was ended before its conversation was over\n");
    co_return exit_internal_error;
  }
  say_what_next(arguments);
  co_return exit_ok;
}

CallSettings demo_settings(const DemoArguments& arguments) {
  CallSettings settings;
  settings.sim = true;
  settings.listen = "127.0.0.1:0";
  settings.call.agent.say = greeting;
  settings.call.audio.record = arguments.folder + "/recording.wav";
  settings.events_file = arguments.folder + "/events.jsonl";
  settings.timeline_file = arguments.folder + "/timeline.jsonl";
  settings.summary_file = arguments.folder + "/summary.json";
  settings.call.max_duration = std::chrono::seconds{90};
  settings.sim_record = arguments.sim_record;
  return settings;
}

int run_demo(const DemoArguments& arguments) {
  std::error_code failure;
  std::filesystem::create_directories(arguments.folder, failure);
  if (failure) {
    fmt::print(stderr, "offhook: {}: {}\n", arguments.folder, failure.message());
    return exit_usage;
  }
  CallSettings settings = demo_settings(arguments);
  if (!arguments.codecs.empty()) {
    auto codecs = parse_codecs(arguments.codecs);
    if (!codecs) {
      fmt::print(stderr, "offhook: {}\n", codecs.error().detail);
      return exit_usage;
    }
    settings.call.phone.codecs = std::move(*codecs);
  }
  const auto completed = complete(settings);
  ScriptedCaller caller;
  const auto prepared = caller.prepare(caller_lines, "rms", settings.call.audio.rate_hz);
  auto runtime = Runtime::start();
  std::string problem = !completed ? completed.error().detail : std::string{};
  problem = problem.empty() && !prepared ? prepared.error().detail : problem;
  problem = problem.empty() && !runtime ? runtime.error().detail : problem;
  if (!problem.empty()) {
    fmt::print(stderr, "offhook: {}\n", problem);
    return exit_internal_error;
  }
  Timeline timeline;
  call::UserCommands user{(*runtime)->control()};
  (*runtime)->hang_up_on_signals(user, "\nhanging up; press Ctrl-C again to leave at once\n");
  Progress progress{timeline, (*runtime)->control()};
  CallSession session{
      .runtime = **runtime,
      .settings = std::move(settings),
      .style = arguments.events ? TerminalView::Style::sim : TerminalView::Style::conversation,
      .near_side = &caller,
      .timeline = timeline,
      .user = user,
      .keyboard = false};
  session.sim.replies = model_replies;
  session.sim.heard = caller_lines;
  fmt::print(
      "A call to a stand-in for OpenAI on this machine: real SIP over TLS, a signed webhook,\n"
      "REST, a sideband WebSocket and SRTP; about half a minute. The caller is scripted.\n\n");
  Demo demo{**runtime, timeline, user, caller, progress};
  return (*runtime)->run(run_demo_call(session, demo, arguments));
}

}  // namespace

void add_demo_command(CLI::App& app, Command& chosen) {
  CLI::App* demo =
      app.add_subcommand("demo", "A whole call on this machine; no key, no sound device");
  const auto arguments = std::make_shared<DemoArguments>();
  demo->add_option("--folder", arguments->folder, "Where recording, events and summary go")
      ->type_name("FOLDER")
      ->capture_default_str();
  demo->add_option("--codecs", arguments->codecs,
                   "Codecs to offer, in order (default: opus,PCMU,PCMA)")
      ->type_name("LIST");
  demo->add_option("--sim-record", arguments->sim_record,
                   "Existing folder for the stand-in's own recording, to compare with")
      ->type_name("FOLDER");
  demo->add_flag("--all", arguments->events, "Show every event, not only the conversation");
  demo->callback([arguments, &chosen] { chosen = [arguments] { return run_demo(*arguments); }; });
}

}  // namespace offhook::cli
