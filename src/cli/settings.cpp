#include "cli/settings.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "net/tls.hpp"
#include "net/url.hpp"
#include "openai/provider.hpp"
#include "openai/webhook.hpp"
#include "sip/sip_target.hpp"

namespace offhook::cli {
namespace {

constexpr std::string_view key_help =
    "; create one at platform.openai.com (API keys), then: export OPENAI_API_KEY=sk-… "
    "(no account? try: offhook demo)";
constexpr std::string_view project_help =
    "; it is shown at platform.openai.com under Settings, Project, General, and begins with proj_";
constexpr std::string_view secret_help =
    "; platform.openai.com shows it once when the webhook is created (Settings, Project, "
    "Webhooks); it begins with whsec_";

/// The key travels with every request: without TLS it may not leave this machine.
Result<> check_api_address(const std::string& text) {
  const auto url = net::parse_url(text);
  if (!url) {
    return fail(Error{url.error()}.with("--api"));
  }
  if (url->scheme != "http" && url->scheme != "https") {
    return fail(Errc::invalid_argument, "--api " + text + ": must begin with https://");
  }
  if (!url->tls() && !net::is_loopback(url->host)) {
    return fail(Errc::invalid_argument,
                "--api " + text + ": the API key would travel unencrypted; use https://");
  }
  return {};
}

Result<> check_phone(const call::PhoneOptions& phone) {
  if (!phone.sip_target.empty()) {
    const auto target = sip::parse_sip_target(phone.sip_target);
    if (!target) {
      return fail(Error{target.error()}.with("--sip-target"));
    }
  }
  if (!phone.sip_ca.empty()) {
    const auto usable = net::make_client_tls(phone.sip_ca);
    if (!usable) {
      return fail(Error{usable.error()}.with("--sip-ca"));
    }
  }
  if (phone.dtmf.find_first_not_of("0123456789*#ABCDabcd") != std::string::npos) {
    return fail(Errc::invalid_argument, "--dtmf " + phone.dtmf + ": digits are 0-9 * # A-D");
  }
  return {};
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
  };
}

void load_environment(const Environment& environment, CallSettings& settings) {
  const auto key = environment("OPENAI_API_KEY");
  if (settings.api_key.empty() && key) {
    settings.api_key = Secret{*key};
  }
  const auto project = environment("OPENAI_PROJECT_ID");
  if (settings.project_id.empty() && project) {
    settings.project_id = *project;
  }
  const auto secrets = environment("OPENAI_WEBHOOK_SECRET");
  if (settings.webhook_secrets.empty() && secrets) {
    std::istringstream words{*secrets};  // several, separated by blanks, during a rotation
    for (std::string word; words >> word;) {
      settings.webhook_secrets.emplace_back(word);
    }
  }
}

Result<> complete(CallSettings& settings) {
  const auto region = openai::region(settings.region);
  if (!region) {
    return fail(region.error());
  }
  if (settings.api.empty()) {
    settings.api = region->api_base;
  }
  if (auto usable = check_api_address(settings.api); !usable) {
    return usable;
  }
  if (auto usable = check_phone(settings.call.phone); !usable) {
    return usable;
  }
  if (settings.cert.empty() != settings.key.empty()) {
    return fail(Errc::invalid_argument, "--cert and --key belong together");
  }
  if (settings.call.phone.codecs.empty()) {
    settings.call.phone.codecs = {audio::CodecId::opus, audio::CodecId::pcmu, audio::CodecId::pcma};
  }
  if (settings.sim) {
    return {};
  }
  if (settings.call.phone.sip_target.empty()) {
    if (settings.project_id.empty()) {
      return fail(Errc::invalid_argument,
                  "OPENAI_PROJECT_ID is not set" + std::string{project_help});
    }
    settings.call.phone.sip_target =
        "sip:" + settings.project_id + "@" +
        (settings.sip_host.empty() ? region->sip_host : settings.sip_host) + ";transport=tls";
  }
  if (!settings.call.agent.control) {
    return {};
  }
  if (settings.api_key.empty()) {
    return fail(Errc::invalid_argument, "OPENAI_API_KEY is not set" + std::string{key_help});
  }
  if (settings.webhook_secrets.empty()) {
    return fail(Errc::invalid_argument,
                "OPENAI_WEBHOOK_SECRET is not set" + std::string{secret_help});
  }
  for (const Secret& secret : settings.webhook_secrets) {
    auto usable = openai::check_webhook_secret(secret);
    if (!usable) {
      return fail(std::move(usable).error().with("OPENAI_WEBHOOK_SECRET"));
    }
  }
  return {};
}

Result<std::string> read_text_file(const std::string& path) {
  constexpr std::size_t limit = 1U << 20U;
  std::error_code failure;
  if (!std::filesystem::is_regular_file(path, failure)) {
    return fail(Errc::not_found, path + ": is no file");
  }
  std::ifstream file{path};
  std::string text(limit + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad() || text.size() > limit) {
    return fail(Errc::invalid_argument, path + ": cannot be read, or is larger than 1 MiB");
  }
  return text;
}

Result<bool> parse_audio_start(const std::string& text) {
  if (text != "greeting" && text != "answer") {
    return fail(Errc::invalid_argument, "--audio-start " + text + ": must be greeting or answer");
  }
  return text == "greeting";
}

Result<Secret> read_secret_file(const std::string& path) {
  std::ifstream file{path};
  std::string line;
  if (!file || !std::getline(file, line)) {
    return fail(Errc::not_found, path + ": cannot be read, or is empty");
  }
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) {
    line.pop_back();
  }
  if (line.empty()) {
    return fail(Errc::invalid_argument, path + ": its first line is empty");
  }
  return Secret{std::move(line)};
}

Result<call::SrtpPolicy> parse_srtp_policy(const std::string& text) {
  if (text == "require") {
    return call::SrtpPolicy::require;
  }
  if (text == "prefer") {
    return call::SrtpPolicy::prefer;
  }
  if (text == "off") {
    return call::SrtpPolicy::off;
  }
  return fail(Errc::invalid_argument, "--srtp " + text + ": must be require, prefer or off");
}

std::string echo_engines_text() {
  std::string text;
  for (const audio::VoiceEngine engine : audio::available_voice_engines()) {
    text += engine == audio::VoiceEngine::off ? " or " : text.empty() ? "" : ", ";
    text += audio::name_of(engine);
    text += engine == audio::default_voice_engine() ? " (default)" : "";
  }
  return text;
}

Result<media::JitterBufferKind> parse_jitter_buffer(const std::string& text) {
  const auto kind = media::jitter_buffer_kind(text);
  if (!kind) {
    return fail(Errc::invalid_argument, "--jitter-buffer " + text + ": must be portable or neteq");
  }
  if (*kind == media::JitterBufferKind::neteq && !media::have_neteq()) {
    return fail(Errc::unsupported,
                "--jitter-buffer neteq: not in this build; install libtgowt-dev and build again");
  }
  return *kind;
}

Result<std::vector<audio::CodecId>> parse_codecs(const std::string& text) {
  const auto available = audio::available_codecs();
  std::vector<audio::CodecId> codecs;
  std::istringstream names{text};
  for (std::string name; std::getline(names, name, ',');) {
    const auto codec = audio::codec_by_name(name);
    if (!codec || std::ranges::find(available, *codec) == available.end()) {
      std::string known;
      for (const audio::CodecId id : available) {
        known += (known.empty() ? "" : ", ") + std::string{audio::codec_info(id).sdp_name};
      }
      return fail(Errc::invalid_argument,
                  "--codecs: \"" + name + "\" is not in this build; it has " + known);
    }
    if (std::ranges::find(codecs, *codec) == codecs.end()) {
      codecs.push_back(*codec);
    }
  }
  if (codecs.empty()) {
    return fail(Errc::invalid_argument, "--codecs: the list is empty");
  }
  return codecs;
}

}  // namespace offhook::cli
