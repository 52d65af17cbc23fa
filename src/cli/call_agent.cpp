#include "cli/call_agent.hpp"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "cli/agent_choice.hpp"
#include "cli/hold_sound.hpp"
#include "net/tls.hpp"

namespace offhook::cli {
namespace {

class Given {
 public:
  explicit Given(const std::vector<std::string>& names) : names_{names} {}
  [[nodiscard]] bool has(std::string_view name) const {
    return std::ranges::find(names_, name) != names_.end();
  }
  /// `from` goes to `to`, unless the option says otherwise.
  template <class Value>
  void unless(std::string_view name, Value from, Value& to) const {
    if (!has(name)) {
      to = std::move(from);
    }
  }

 private:
  const std::vector<std::string>& names_;
};

void take_server(const agent::AgentFile& file, const Given& given, CallSettings& settings) {
  if (!given.has("region")) {  // which says where both hosts are
    given.unless("api", file.provider.api_base, settings.api);
  }
  given.unless("api_ca", file.provider.ca_file, settings.api_ca);
  given.unless("api_key_file", file.provider.api_key, settings.api_key);
  given.unless("region", file.provider.sip_host, settings.sip_host);
  settings.key_header = file.provider.key_header;
  given.unless("webhook_secret_file", file.webhook.secrets, settings.webhook_secrets);
  settings.webhook_path = file.webhook.path.empty() ? settings.webhook_path : file.webhook.path;
  if (!settings.sim && !file.webhook.secrets.empty()) {
    given.unless("listen", file.webhook.listen, settings.listen);
    given.unless("cert", file.webhook.cert, settings.cert);
    given.unless("key", file.webhook.key, settings.key);
  }
}

void take_agent(agent::AgentProfile profile, const Given& given, call::AgentOptions& options) {
  const auto replace = [&](std::string_view name, const std::string& value, std::string& field) {
    if (given.has(name)) {
      field = value;
    }
  };
  replace("model", options.model, profile.model);
  replace("voice", options.voice, profile.voice);
  replace("instructions", options.instructions, profile.instructions);
  replace("transcription", options.transcription, profile.transcription);
  replace("say", options.say, profile.opening);
  options.say = profile.opening;  // what the end of the greeting is known by
  options.profile = std::make_shared<const agent::AgentProfile>(std::move(profile));
}

/// What the Live API asks of the telephone, and only it plays.
Result<> take_live(const agent::AgentProfile& profile, CallSettings& settings) {
  if (profile.api != agent::Api::live) {
    return {};
  }
  if (settings.call.phone.srtp == call::SrtpPolicy::off) {
    return fail(Errc::invalid_argument,
                "--srtp off: agents." + profile.name +
                    " has api: live, and the Live API takes encrypted sound only");
  }
  settings.call.phone.srtp = call::SrtpPolicy::require;
  auto sound = read_hold_sound(profile);
  if (!sound) {
    return fail(std::move(sound).error());
  }
  settings.call.agent.hold_sound = std::move(*sound);
  return {};
}

}  // namespace

Result<> load_call_agent(const std::string& path,
                         const std::string& name,
                         const std::vector<std::string>& given_names,
                         CallSettings& settings) {
  auto file = read_agent_file(path);
  if (!file) {
    return fail(std::move(file).error());
  }
  auto profile = choose_agent(*file, name);
  if (!profile) {
    return fail(std::move(profile).error().with(path));
  }
  auto tools = read_tools(*file);
  if (!tools) {
    return fail(std::move(tools).error());
  }
  if (auto fine = take_live(*profile, settings); !fine) {
    return fine;
  }
  const Given given{given_names};
  settings.call.agent.tool_options = std::move(*tools);
  take_server(*file, given, settings);
  take_agent(std::move(*profile), given, settings.call.agent);
  return {};
}

}  // namespace offhook::cli
