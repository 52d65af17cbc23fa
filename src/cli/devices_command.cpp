#include <memory>

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "audio/device/audio_device.hpp"
#include "base/json_text.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"

namespace offhook::cli {
namespace {

struct DevicesArguments {
  std::string backend;
  bool json = false;
};

constexpr const char* devices_footer =
    R"(A * marks what is used when nothing is chosen; it is followed when it changes.

Examples:
  offhook devices
  offhook call --mic headset --speaker headset)";

void print_json(const std::vector<audio::DeviceInfo>& devices) {
  for (const audio::DeviceInfo& device : devices) {
    const boost::json::object line{
        {"kind", audio::to_string(device.kind)}, {"name", device.name},
        {"description", device.description},     {"default", device.is_default},
        {"cancels_echo", device.cancels_echo},   {"backend", device.backend}};
    fmt::print("{}\n", json_text(line));
  }
}

void print_text(const std::vector<audio::DeviceInfo>& devices) {
  for (const audio::DeviceKind kind :
       {audio::DeviceKind::microphone, audio::DeviceKind::loudspeaker}) {
    fmt::print("{}s\n", audio::to_string(kind));
    for (const audio::DeviceInfo& device : devices) {
      if (device.kind == kind) {
        fmt::print("  {} {:<44} {}{}\n", device.is_default ? '*' : ' ', device.name,
                   device.description, device.cancels_echo ? " (cancels echo)" : "");
      }
    }
  }
  if (!devices.empty()) {
    fmt::print("by {}\n", devices.front().backend);
  }
}

int run_devices(const DevicesArguments& arguments) {
  const auto devices = audio::list_devices(arguments.backend);
  if (!devices) {
    fmt::print(stderr, "offhook: {}\n", devices.error().detail);
    return devices.error().code == Errc::unsupported && !arguments.backend.empty() ? exit_usage
                                                                                   : exit_audio;
  }
  if (arguments.json) {
    print_json(*devices);
  } else {
    print_text(*devices);
  }
  return 0;
}

}  // namespace

void add_devices_command(CLI::App& app, Command& chosen) {
  CLI::App* devices = app.add_subcommand("devices", "List microphones and loudspeakers");
  devices->footer(devices_footer);
  const auto arguments = std::make_shared<DevicesArguments>();
  devices->add_option("--backend", arguments->backend,
                      "pipewire, pulse or rtaudio (default: the first that answers)");
  devices->add_flag("--json", arguments->json, "One JSON object per line");
  devices->callback(
      [arguments, &chosen] { chosen = [arguments] { return run_devices(*arguments); }; });
}

}  // namespace offhook::cli
