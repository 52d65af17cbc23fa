#include <array>

#include "agent/file/sections.hpp"
#include "agent/outbound.hpp"

namespace offhook::agent::file {
namespace {

using Kind = FieldKind;

constexpr std::array<Field, 8> provider_fields{{
    {"kind", Kind::word, "Whose API it is.", "openai", "openai azure"},
    {.name = "api_key",
     .kind = Kind::secret,
     .meaning = "Key of the project (Azure: of the "
                "resource, or an Entra token).",
     .required = true},
    {"auth", Kind::word, "How the key is shown. Default: bearer, at Azure api-key.", "",
     "bearer api-key"},
    {"region", Kind::word, "Data region of the project (openai).", "", "eu in"},
    {"resource", Kind::text, "Name of the resource: `https://NAME.openai.azure.com` (azure)."},
    {.name = "base_url",
     .kind = Kind::text,
     .meaning = "REST base, in place of the one that "
                "follows from the rest; without a slash at its end.",
     .check = check_http_url},
    {"sip_host", Kind::text, "SIP host, in place of the one that follows from the rest."},
    {"ca", Kind::text, "PEM file of the authority that alone is trusted, for a private one."},
}};
constexpr Section provider{"provider", "Where the API is.", provider_fields};

constexpr std::array<Field, 5> webhook_fields{{
    {.name = "secrets",
     .kind = Kind::secrets,
     .meaning = "Signing secrets (`whsec_…`): the old "
                "and the new one during a rotation.",
     .required = true},
    {.name = "listen",
     .kind = Kind::text,
     .meaning = "Where webhooks are received.",
     .standard = "127.0.0.1:8443",
     .check = check_listen},
    {.name = "path",
     .kind = Kind::text,
     .meaning = "Path of the webhook.",
     .standard = "/webhook",
     .check = check_path},
    {"cert", Kind::text, "PEM chain: HTTPS instead of HTTP."},
    {"key", Kind::text, "PEM key of `cert`."},
}};
constexpr Section webhook{"webhook", "How calls are announced.", webhook_fields};

constexpr std::array<Field, 4> trunk_fields{{
    {.name = "provider_url",
     .kind = Kind::text,
     .meaning = "Where the API sends the INVITE: `sips:HOST[:PORT][;transport=tcp]`, reachable "
                "from the Internet.",
     .required = true,
     .check = check_trunk_url},
    {"username", Kind::text, "For digest authentication, at most 256 bytes."},
    {"password", Kind::secret, "The same, at most 4096 bytes."},
    {.name = "caller_number",
     .kind = Kind::text,
     .meaning = "Number that the callee sees: `+14155550100`.",
     .required = true,
     .check = check_number},
}};
constexpr Section trunk{"trunk", "The carrier that calls of our own leave by.", trunk_fields};

constexpr std::array<Field, 2> control_fields{{
    {.name = "listen",
     .kind = Kind::text,
     .meaning = "Where the control API and the metrics are.",
     .standard = "127.0.0.1:8444",
     .check = check_control_listen},
    {.name = "token",
     .kind = Kind::secret,
     .meaning = "What a client of it must show.",
     .required = true},
}};
constexpr Section control{"control", "The control API.", control_fields};

constexpr std::array<Field, 4> keep_fields{{
    {"calls", Kind::duration, "Calls with their usage and cost.", "90d", "forever"},
    {"transcripts", Kind::duration, "What was said.", "30d", "off forever"},
    {"events", Kind::duration, "Sideband messages, whole.", "7d", "off forever"},
    {"tools", Kind::duration, "Arguments and results of tools.", "30d", "forever"},
}};
constexpr Section keep{"keep", "What the journal records, and for how long. `off`: not at all.",
                       keep_fields};

constexpr std::array<Field, 2> numbers_fields{{
    {.name = "called",
     .kind = Kind::texts,
     .meaning = "Headers that hold the called number; the "
                "first that has one counts.",
     .standard = "Diversion, X-Called-Number, To",
     .check = check_header_name},
    {.name = "caller",
     .kind = Kind::texts,
     .meaning = "Headers that hold the caller's number; "
                "the first that has one counts.",
     .standard = "P-Asserted-Identity, From",
     .check = check_header_name},
}};
constexpr Section numbers{"numbers", "Where the numbers of a call are found.", numbers_fields};

constexpr std::array<Field, 5> route_fields{{
    {"called", Kind::texts, "Patterns of the called number; one must fit."},
    {"caller", Kind::texts, "Patterns of the caller's number; one must fit."},
    {"headers", Kind::text_map, "Header to pattern; all must fit."},
    {"agent", Kind::text, "Agent that takes the call."},
    {.name = "reject",
     .kind = Kind::integer,
     .meaning = "Or: SIP status with which it is refused.",
     .least = 300,
     .most = 699},
}};
constexpr Section route{"route",
                        "A rule; the first that fits decides. In patterns `*` stands for "
                        "anything and `?` for one character. A call that no rule fits is refused "
                        "with 603.",
                        route_fields};

constexpr std::array<Field, 6> price_fields{{
    {"input_text", Kind::number, "Per million tokens.", "0"},
    {"input_audio", Kind::number, "Per million tokens.", "0"},
    {"cached_input", Kind::number, "Per million tokens.", "0"},
    {"output_text", Kind::number, "Per million tokens.", "0"},
    {"output_audio", Kind::number, "Per million tokens.", "0"},
    {"minute", Kind::number, "Per minute (live).", "0"},
}};
constexpr Section price{"price", "What a model costs, in one currency of your choice.",
                        price_fields};

constexpr std::array<Field, 14> root_fields{{
    {.name = "provider",
     .kind = Kind::section,
     .meaning = "Where the API is.",
     .section = &provider,
     .required = true},
    {.name = "webhook",
     .kind = Kind::section,
     .meaning = "How calls are announced. Needed, unless the file is for `offhook dial` alone.",
     .section = &webhook},
    {.name = "trunk",
     .kind = Kind::section,
     .meaning = "The carrier that `offhook dial` calls by (live).",
     .section = &trunk},
    {.name = "control",
     .kind = Kind::section,
     .meaning = "The control API. None: at the default address, with a token made at the start.",
     .section = &control},
    {"journal", Kind::text, "File of the journal, seen from the agent file.", "offhook.db"},
    {.name = "keep",
     .kind = Kind::section,
     .meaning = "What the journal records, and how long.",
     .section = &keep},
    {.name = "agents", .kind = Kind::map, .meaning = "Name to agent.", .required = true},
    {.name = "tools", .kind = Kind::map, .meaning = "Name to tool."},
    {"tools_ca", Kind::text, "PEM file of the authority that http tools trust, for a private one."},
    {.name = "mcp", .kind = Kind::map, .meaning = "Name to MCP server."},
    {.name = "numbers",
     .kind = Kind::section,
     .meaning = "Where numbers are found.",
     .section = &numbers},
    {.name = "routing",
     .kind = Kind::list,
     .meaning = "Rules, the first that fits decides. None: "
                "the only agent takes every call.",
     .section = &route},
    {.name = "limits", .kind = Kind::section, .meaning = "What calls may use."},
    {.name = "prices",
     .kind = Kind::map,
     .meaning = "Model to price, for the cost estimate.",
     .section = &price},
}};

/// Sections of other files have no address at compile time.
std::array<Field, 14> linked_fields() {
  std::array<Field, 14> fields = root_fields;
  for (Field& field : fields) {
    if (field.name == "agents") {
      field.section = &agent_section();
    } else if (field.name == "tools") {
      field.section = &tool_section();
    } else if (field.name == "mcp") {
      field.section = &mcp_section();
    } else if (field.name == "limits") {
      field.section = &limits_section();
    }
  }
  return fields;
}

}  // namespace

const Section& root_section() noexcept {
  static const std::array<Field, 14> fields = linked_fields();
  static const Section root{"agent file", "The whole file.", fields};
  return root;
}

std::vector<std::string_view> split_words(std::string_view words) {
  std::vector<std::string_view> split;
  while (!words.empty()) {
    const auto space = std::min(words.find(' '), words.size());
    split.push_back(words.substr(0, space));
    words.remove_prefix(std::min(space + 1, words.size()));
  }
  return split;
}

}  // namespace offhook::agent::file
