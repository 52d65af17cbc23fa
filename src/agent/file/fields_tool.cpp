#include <array>

#include "agent/file/sections.hpp"

namespace offhook::agent::file {
namespace {

using Kind = FieldKind;

constexpr std::array<Field, 2> filler_fields{{
    {.name = "after",
     .kind = Kind::duration,
     .meaning = "Time that the tool may take in silence.",
     .required = true},
    {.name = "say",
     .kind = Kind::text,
     .meaning = "What the model is told to say then.",
     .required = true},
}};
constexpr Section filler{"filler", "Said while a tool takes its time.", filler_fields};

constexpr std::array<Field, 13> tool_fields{{
    {.name = "kind",
     .kind = Kind::word,
     .meaning = "What does the work.",
     .words = "http command hang_up transfer send_digits function",
     .required = true},
    {"description", Kind::text, "What the model knows of it: what it does and when to use it."},
    {"parameters", Kind::json, "JSON Schema of the arguments."},
    {"in_doubt", Kind::word, "After a crash in mid-call: run it again, or report `unknown`.",
     "report", "retry report"},
    {"timeout", Kind::duration, "Longest run.", "15s"},
    {.name = "filler",
     .kind = Kind::section,
     .meaning = "Said while it takes its time.",
     .section = &filler},
    {.name = "url",
     .kind = Kind::text,
     .meaning = "`http`: where the arguments are posted to.",
     .check = check_http_url},
    {"headers", Kind::secret_map, "`http`: further headers of the request."},
    {.name = "retries",
     .kind = Kind::integer,
     .meaning = "`http`: further attempts after connection errors, 408, 429 and 5xx.",
     .standard = "2",
     .most = 10},
    {"command", Kind::texts, "`command`: program and arguments. No shell is involved."},
    {"environment", Kind::secret_map, "`command`: further environment variables."},
    {.name = "max_output",
     .kind = Kind::integer,
     .meaning = "`command`: longest output, in bytes.",
     .standard = "65536",
     .least = 1,
     .most = 1048576},
    {.name = "targets",
     .kind = Kind::texts,
     .meaning = "`transfer`: where calls may go (`tel:` or `sip:`), or the word any.",
     .check = check_transfer_target},
}};
constexpr Section tool{"tool", "One tool that models may call.", tool_fields};

constexpr std::array<Field, 7> mcp_fields{{
    {.name = "server_url",
     .kind = Kind::text,
     .meaning = "Address of the server.",
     .check = check_http_url},
    {"connector_id", Kind::text, "In place of an address: a connector of the API."},
    {"authorization", Kind::secret, "Token that the API shows to the server."},
    {"headers", Kind::secret_map, "Headers that the API sends to the server."},
    {"allowed_tools", Kind::texts, "Tools that may be used. None given: all."},
    {"require_approval", Kind::word,
     "Whether calls wait for an approval by a program with a "
     "sideband of its own; after 30 s it is refused.",
     "never", "always never"},
    {"description", Kind::text, "What the model knows of the server."},
}};
constexpr Section mcp{"mcp server", "A server of tools that the API itself calls.", mcp_fields};

}  // namespace

const Section& tool_section() noexcept { return tool; }
const Section& mcp_section() noexcept { return mcp; }

}  // namespace offhook::agent::file
