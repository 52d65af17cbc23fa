#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace offhook::cli {

/// What to run once the command line has been read; returns the exit code.
using Command = std::function<int()>;

// Each adds one subcommand with its options to `app` and sets `chosen` when it is the one.
void add_audio_check_command(CLI::App& app, Command& chosen);
void add_call_command(CLI::App& app, Command& chosen);
void add_calls_command(CLI::App& app, Command& chosen);
void add_check_command(CLI::App& app, Command& chosen);
void add_demo_command(CLI::App& app, Command& chosen);
void add_dial_command(CLI::App& app, Command& chosen);
void add_devices_command(CLI::App& app, Command& chosen);
void add_serve_command(CLI::App& app, Command& chosen);
void add_sim_command(CLI::App& app, Command& chosen);

}  // namespace offhook::cli
