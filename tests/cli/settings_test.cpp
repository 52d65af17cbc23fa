#include "cli/settings.hpp"

#include <filesystem>
#include <fstream>
#include <map>

#include <doctest/doctest.h>
#include <unistd.h>

using offhook::Errc;
using offhook::Secret;
using offhook::cli::CallSettings;

namespace {

offhook::cli::Environment environment(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
}

/// A file that lives as long as the test.
class TempFile {
 public:
  explicit TempFile(const std::string& text) {
    std::string name = (std::filesystem::temp_directory_path() / "offhook-XXXXXX").string();
    const int fd = mkstemp(name.data());
    REQUIRE(fd >= 0);
    close(fd);
    path = name;
    std::ofstream{path} << text;
  }
  ~TempFile() { std::filesystem::remove(path); }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  std::string path;
};

}  // namespace

TEST_SUITE("Settings of a call") {
  TEST_CASE("say which variable is missing and where to get it") {
    CallSettings settings;
    auto completed = complete(settings);
    REQUIRE_FALSE(completed.has_value());
    CHECK(completed.error().detail.starts_with("OPENAI_PROJECT_ID is not set"));
    settings.project_id = "proj_x";
    completed = complete(settings);
    REQUIRE_FALSE(completed.has_value());
    CHECK(completed.error().detail.starts_with("OPENAI_API_KEY is not set"));
    settings.api_key = Secret{"sk-x"};
    completed = complete(settings);
    REQUIRE_FALSE(completed.has_value());
    CHECK(completed.error().detail.starts_with("OPENAI_WEBHOOK_SECRET is not set"));
    settings.webhook_secrets = {Secret{"whsec_AAECAw=="}};
    settings.webhook_secrets = {Secret{"whsec_damaged!"}};
    completed = complete(settings);
    REQUIRE_FALSE(completed.has_value());
    CHECK(completed.error().detail.find("damaged") == std::string::npos);  // never shown
    settings.webhook_secrets = {Secret{"whsec_AAECAw=="}};
    CHECK(complete(settings).has_value());
    CHECK(settings.call.phone.sip_target == "sip:proj_x@sip.api.openai.com;transport=tls");
    CHECK(settings.api == "https://api.openai.com/v1");
  }

  TEST_CASE("take hosts from the region") {
    CallSettings settings;
    settings.region = "eu";
    load_environment(environment({{"OPENAI_API_KEY", "sk"},
                                  {"OPENAI_PROJECT_ID", "proj_eu"},
                                  {"OPENAI_WEBHOOK_SECRET", "whsec_AAECAw== whsec_BAUGBw=="}}),
                     settings);
    REQUIRE(complete(settings).has_value());
    CHECK(settings.call.phone.sip_target == "sip:proj_eu@sip-eu.api.openai.com;transport=tls");
    CHECK(settings.api == "https://eu.api.openai.com/v1");
    CHECK(settings.webhook_secrets.size() == 2);
    settings.region = "mars";
    CHECK_FALSE(complete(settings).has_value());
  }

  TEST_CASE("need no key for the phone alone, and nothing at all for the sim") {
    CallSettings phone_only;
    phone_only.project_id = "proj_x";
    phone_only.call.agent.control = false;
    CHECK(complete(phone_only).has_value());
    CallSettings sim;
    sim.sim = true;
    CHECK(complete(sim).has_value());
  }

  TEST_CASE("come from a YAML file, where the command line left them open") {
    const TempFile secret{"sk-from-file\n"};
    const TempFile config{
        "# my phone\nproject_id: proj_y\nvoice: cedar\nsay: 'Say \"Hoi\"'\n"
        "srtp: require\ncodecs: PCMA,opus\nmax_duration: 30\n"
        "api_key_file: " +
        secret.path +
        "\n"
        "tools:\n  - type: function\n    name: lookup\n    strict: true\n"};
    CallSettings settings;
    settings.call.agent.voice = "marin";
    const auto loaded = load_config(config.path, {"voice"}, settings);
    REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().detail));
    CHECK(settings.project_id == "proj_y");
    CHECK(settings.call.agent.voice == "marin");
    CHECK(settings.call.agent.say == "Say \"Hoi\"");
    CHECK(settings.call.phone.srtp == offhook::call::SrtpPolicy::require);
    CHECK(settings.call.phone.codecs.size() == 2);
    CHECK(settings.call.max_duration == std::chrono::seconds{30});
    CHECK(settings.api_key.reveal() == "sk-from-file");
    REQUIRE(settings.call.agent.tools.size() == 1);
    CHECK(settings.call.agent.tools[0].at("strict").as_bool());
  }

  TEST_CASE("name file, line and field of what is wrong in the YAML file") {
    struct Case {
      const char* text;
      const char* complaint;
    };
    for (const Case& wrong :
         {Case{"voice: a\nvoise: b\n", ":2: voise: no such setting"},
          Case{"srtp: maybe\n", ":1: srtp: --srtp maybe"},
          Case{"max_duration: soon\n", ":1: max_duration: has a value"},
          Case{"tools: none\n", ":1: tools: must be a list"}, Case{"voice: [a\n", ":"},
          Case{"api_key_file: /no/such/file\n", "/no/such/file"}}) {
      const TempFile config{wrong.text};
      CallSettings settings;
      const auto loaded = load_config(config.path, {}, settings);
      REQUIRE_FALSE(loaded.has_value());
      CAPTURE(loaded.error().detail);
      CHECK(loaded.error().detail.find(wrong.complaint) != std::string::npos);
    }
    CallSettings settings;
    CHECK(load_config("/no/such/config.yaml", {}, settings).error().code == Errc::not_found);
  }

  TEST_CASE("refuse unknown codecs by name") {
    const auto codecs = offhook::cli::parse_codecs("opus,G729");
    REQUIRE_FALSE(codecs.has_value());
    CHECK(codecs.error().detail.find("G729") != std::string::npos);
    CHECK_FALSE(offhook::cli::parse_codecs("").has_value());
    CHECK(offhook::cli::parse_codecs("PCMU,pcmu")->size() == 1);
  }
}
