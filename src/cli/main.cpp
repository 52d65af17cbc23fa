#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/version.hpp"

int main(int argc, char** argv) {
  using namespace offhook::cli;
  CLI::App app{
      "offhook: the phone for voice models.\n"
      "Calls OpenAI's realtime endpoint over SIP, answers the webhook, runs the conversation "
      "and carries the sound.\nNew here? Run: offhook demo"};
  app.name("offhook");
  app.set_version_flag("--version", version);
  app.require_subcommand(1);
  Command chosen;
  add_call_command(app, chosen);
  add_calls_command(app, chosen);
  add_check_command(app, chosen);
  add_demo_command(app, chosen);
  add_devices_command(app, chosen);
  add_dial_command(app, chosen);
  add_audio_check_command(app, chosen);
  add_serve_command(app, chosen);
  add_sim_command(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "offhook: {}\nRun offhook --help, or offhook call --help.\n", error.what());
    return exit_usage;
  }
  try {
    return chosen();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "offhook: internal error: %s\n", failure.what());
    return exit_internal_error;
  }
}
