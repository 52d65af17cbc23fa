#include "store/schema.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace offhook::store {
namespace {

constexpr std::int64_t application_id = 0x6F66686B;  // "ofhk"

/// Step n brings schema n to n + 1. Steps that were released are never changed.
///
/// Rows refer to calls by the number in which they came; `run` is the process that wrote a row,
/// because times on the monotonic clock mean nothing across processes.
constexpr std::array<const char*, schema_version> migrations{
    R"sql(
CREATE TABLE run(id INTEGER PRIMARY KEY, pid INTEGER, began_at INTEGER);
CREATE TABLE call(
  id INTEGER PRIMARY KEY,
  call_id TEXT NOT NULL UNIQUE,
  api TEXT, webhook_id TEXT UNIQUE, sip_call_id TEXT, agent TEXT, model TEXT,
  caller TEXT NOT NULL, called TEXT, detail TEXT, recording TEXT,
  run INTEGER, began_at INTEGER NOT NULL, ended_at INTEGER,
  outcome TEXT, reason TEXT,
  input_text_tokens INTEGER NOT NULL DEFAULT 0, input_audio_tokens INTEGER NOT NULL DEFAULT 0,
  cached_tokens INTEGER NOT NULL DEFAULT 0, output_text_tokens INTEGER NOT NULL DEFAULT 0,
  output_audio_tokens INTEGER NOT NULL DEFAULT 0, live_seconds REAL NOT NULL DEFAULT 0,
  seconds REAL NOT NULL DEFAULT 0, cost REAL);
CREATE UNIQUE INDEX call_sip ON call(sip_call_id) WHERE ended_at IS NULL;
CREATE INDEX call_live ON call(id) WHERE ended_at IS NULL;
CREATE INDEX call_ended ON call(ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX call_began ON call(began_at);
CREATE INDEX call_caller ON call(caller, began_at);
CREATE TABLE tool(
  id INTEGER PRIMARY KEY,
  call INTEGER NOT NULL, function_call_id TEXT NOT NULL, run INTEGER NOT NULL,
  name TEXT, arguments TEXT, policy TEXT, state INTEGER NOT NULL, attempt INTEGER NOT NULL,
  output TEXT, claimed_at INTEGER, done_at INTEGER, sent_at INTEGER,
  UNIQUE(call, function_call_id));
CREATE TABLE event(
  id INTEGER PRIMARY KEY,
  call INTEGER NOT NULL, run INTEGER, at_ms REAL, direction TEXT, type TEXT, json TEXT,
  bytes INTEGER);
CREATE INDEX event_call ON event(call);
CREATE TABLE line(
  id INTEGER PRIMARY KEY,
  call INTEGER NOT NULL, run INTEGER, at_ms REAL, who TEXT, text TEXT, interrupted INTEGER);
CREATE INDEX line_call ON line(call);
CREATE TABLE doomed_file(path TEXT PRIMARY KEY);
)sql",
    R"sql(
ALTER TABLE call ADD COLUMN direction TEXT NOT NULL DEFAULT 'inbound';
CREATE TABLE probe(id INTEGER PRIMARY KEY, filler BLOB);
)sql",
    R"sql(
ALTER TABLE line ADD COLUMN gap_ms REAL;
)sql"};

struct Identity {
  std::int64_t application = 0;
  std::int64_t version = 0;
  bool empty = true;
};

Result<Identity> identify(Database& database) {
  Identity found;
  const auto asked = database.query(
      "SELECT (SELECT application_id FROM pragma_application_id), "
      "(SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_master)",
      {}, [&](const Row& row) {
        found.application = row.integer(0);
        found.version = row.integer(1);
        found.empty = row.integer(2) == 0;
      });
  if (!asked) {
    return fail(asked.error());
  }
  if (!found.empty && found.application != application_id) {
    return fail(Errc::invalid_argument, database.path() + " is the database of another program");
  }
  if (found.version > schema_version) {
    return fail(Errc::invalid_argument,
                database.path() + " was written by a newer offhook (schema " +
                    std::to_string(found.version) + ", this one knows " +
                    std::to_string(schema_version) + "): update offhook, or use another file");
  }
  return found;
}

/// SQLite would make the file readable for everybody; its -wal and -shm take the mode of it.
Result<> make_private_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) {
    return fail(Errc::invalid_argument,
                path + ": the journal cannot be opened: " + std::strerror(errno));
  }
  ::close(file);
  return {};
}

Result<> migrate(Database& database, std::int64_t version) {
  for (std::int64_t step = version; step < schema_version; ++step) {
    const std::string sql = "BEGIN IMMEDIATE;" +
                            std::string{migrations[static_cast<std::size_t>(step)]} +
                            "PRAGMA application_id=" + std::to_string(application_id) +
                            ";PRAGMA user_version=" + std::to_string(step + 1) + ";COMMIT";
    if (auto done = database.script(sql); !done) {
      static_cast<void>(database.script("ROLLBACK"));
      return done;
    }
  }
  return {};
}

}  // namespace

Result<Database> open_for_writing(const std::string& path) {
  if (const auto made = make_private_file(path); !made) {
    return fail(made.error());
  }
  auto database = Database::open(path, Database::Access::write);
  if (!database) {
    return database;
  }
  const auto found = identify(*database);
  if (!found) {
    return fail(found.error());
  }
  // auto_vacuum must come before the first page is written.
  const auto configured = database->script(
      "PRAGMA auto_vacuum=INCREMENTAL;PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
      "PRAGMA journal_size_limit=16777216;PRAGMA temp_store=MEMORY");
  if (!configured) {
    return fail(configured.error());
  }
  if (const auto migrated = migrate(*database, found->version); !migrated) {
    return fail(migrated.error());
  }
  return database;
}

Result<Database> open_for_reading(const std::string& path) {
  auto database = Database::open(path, Database::Access::read);
  if (!database) {
    return database;
  }
  const auto found = identify(*database);
  if (!found) {
    return fail(found.error());
  }
  if (found->empty || found->version == 0) {
    return fail(Errc::invalid_argument, path + " is empty: no journal was written to it yet");
  }
  if (found->version < schema_version) {
    return fail(Errc::invalid_argument,
                path + " is from an older offhook: start `offhook serve` once to convert it");
  }
  return database;
}

}  // namespace offhook::store
