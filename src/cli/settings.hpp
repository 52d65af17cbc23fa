#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "call/call_options.hpp"
#include "openai/provider.hpp"

namespace offhook::cli {

/// Everything `offhook call` needs to know, from options, configuration file and environment.
struct CallSettings {
  call::CallOptions call;
  std::string listen = "127.0.0.1:8443";  ///< Webhook server.
  std::string cert;                       ///< PEM chain: HTTPS instead of HTTP.
  std::string key;                        ///< PEM key.
  std::string api;                        ///< REST base; empty: the region's.
  std::string api_ca;
  openai::KeyHeader key_header = openai::KeyHeader::bearer;
  std::string webhook_path = "/webhook";
  std::string sip_host;  ///< Empty: the region's.
  std::string region;    ///< "", "eu" or "in".
  std::string project_id;
  Secret api_key;
  std::vector<Secret> webhook_secrets;  ///< Old and new during a rotation.
  std::string events_file;
  std::string timeline_file;
  std::string summary_file;
  bool sim = false;        ///< Call the built-in stand-in; needs no key.
  std::string sim_record;  ///< Folder of the stand-in's own recordings.
  bool json = false;       ///< JSON lines on stdout instead of text.
};

/// Reads one environment variable; given as a function so that tests need no environment.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] Environment process_environment();

/// Fills in what the command line left open: a YAML file first, then the environment. The names in
/// the file are those of the options with "_" for "-" (`sip_target: …`), and `project_id` and
/// `tools`. Options that are about one run (`--sim`, `--json`, `--config`) have no place in it.
///
/// @param given  Names of the options that stood on the command line: they win.
/// @return `invalid_argument` naming file, line and field.
[[nodiscard]] Result<> load_config(const std::string& path,
                                   const std::vector<std::string>& given,
                                   CallSettings& settings);

/// Takes OPENAI_API_KEY, OPENAI_PROJECT_ID and OPENAI_WEBHOOK_SECRET where nothing else gave them.
void load_environment(const Environment& environment, CallSettings& settings);

/// Derives what follows from the rest (SIP target of region and project) and checks it all.
/// @return `invalid_argument`: what is missing and where to get it.
[[nodiscard]] Result<> complete(CallSettings& settings);

/// First line of a file that holds a secret. @return an Error naming the file, never its content.
[[nodiscard]] Result<Secret> read_secret_file(const std::string& path);

/// A whole text file of at most 1 MiB. @return an Error naming the file.
[[nodiscard]] Result<std::string> read_text_file(const std::string& path);

/// "greeting" → true, "answer" → false.
[[nodiscard]] Result<bool> parse_audio_start(const std::string& text);
[[nodiscard]] Result<call::SrtpPolicy> parse_srtp_policy(const std::string& text);
/// @return `unsupported` for neteq in a build without it.
[[nodiscard]] Result<media::JitterBufferKind> parse_jitter_buffer(const std::string& text);
/// The echo cancellers of this build, for help: "dual (default), aec3, speex or off".
[[nodiscard]] std::string echo_engines_text();
/// "opus,pcmu" → codecs, in that order. @return `invalid_argument` naming the known ones.
[[nodiscard]] Result<std::vector<audio::CodecId>> parse_codecs(const std::string& text);

}  // namespace offhook::cli
