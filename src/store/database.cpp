#include "store/database.hpp"

#include <cstring>
#include <utility>

#include <sqlite3.h>

namespace offhook::store {
namespace {

constexpr int busy_timeout_ms = 5'000;

Errc code_of(int status) {
  switch (status & 0xFF) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Errc::overloaded;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Errc::malformed_message;
    default: return Errc::internal;
  }
}

int bind(sqlite3_stmt* statement, int index, const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return sqlite3_bind_int64(statement, index, *integer);
  }
  if (const auto* real = std::get_if<double>(&value)) {
    return sqlite3_bind_double(statement, index, *real);
  }
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    const char* data = text->data() == nullptr ? "" : text->data();
    return sqlite3_bind_text64(statement, index, data, text->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  return sqlite3_bind_null(statement, index);
}

/// Makes a statement usable again, whatever happened to it.
struct ResetAtEnd {
  sqlite3_stmt* statement;
  explicit ResetAtEnd(sqlite3_stmt* of) : statement{of} {}
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;
  ~ResetAtEnd() {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

}  // namespace

Value text_or_null(std::string_view text) { return text.empty() ? Value{nullptr} : Value{text}; }

bool Row::null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

std::int64_t Row::integer(int column) const { return sqlite3_column_int64(statement_, column); }

double Row::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string Row::text(int column) const {
  // A blob is the same bytes as the text and needs no cast between kinds of characters.
  const void* bytes = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  std::string text(size, '\0');
  if (size > 0) {
    std::memcpy(text.data(), bytes, size);
  }
  return text;
}

void Database::Close::operator()(sqlite3* connection) const noexcept {
  sqlite3_close_v2(connection);
}

void Database::Close::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Database::Database(std::string path, sqlite3* connection)
    : path_{std::move(path)}, connection_{connection} {}

Result<Database> Database::open(const std::string& path, Access access) {
  sqlite3* connection = nullptr;
  const int flags = (access == Access::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int status = sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
  Database database{path, connection};
  if (status != SQLITE_OK) {
    return (status & 0xFF) == SQLITE_CANTOPEN
               ? fail(Errc::not_found, path + ": cannot be opened: no such file, or no permission")
               : Result<Database>{database.failure()};
  }
  sqlite3_busy_timeout(connection, busy_timeout_ms);
  return database;
}

tl::unexpected<Error> Database::failure() const {
  const int status = sqlite3_extended_errcode(connection_.get());
  const int system = sqlite3_system_errno(connection_.get());
  std::string detail = path_ + ": " + sqlite3_errmsg(connection_.get());
  if ((status & 0xFF) == SQLITE_IOERR && system != 0) {
    detail += std::string{" ("} + std::strerror(system) + ")";
  }
  switch (code_of(status)) {
    case Errc::overloaded: detail += "; check the disk's free space and health"; break;
    case Errc::malformed_message:
      detail += "; the file is damaged or no journal: move it away, and `sqlite3 " + path_ +
                " .recover` saves what can be read";
      break;
    default: break;
  }
  return fail(code_of(status), std::move(detail));
}

Result<> Database::script(const std::string& sql) {
  if (sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return failure();
  }
  return {};
}

Result<sqlite3_stmt*> Database::prepared(std::string_view sql) {
  const auto known = statements_.find(sql);
  if (known != statements_.end()) {
    return known->second.get();
  }
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
    return failure();
  }
  statements_.emplace(sql, statement);
  return statement;
}

Result<> Database::query(std::string_view sql,
                         std::initializer_list<Value> values,
                         const std::function<void(const Row&)>& on_row) {
  const auto statement = prepared(sql);
  if (!statement) {
    return fail(statement.error());
  }
  const ResetAtEnd reset{*statement};
  int index = 0;
  for (const Value& value : values) {
    if (bind(*statement, ++index, value) != SQLITE_OK) {
      return failure();
    }
  }
  for (;;) {
    const int status = sqlite3_step(*statement);
    if (status == SQLITE_DONE) {
      return {};
    }
    if (status != SQLITE_ROW) {
      return failure();
    }
    if (on_row) {
      on_row(Row{*statement});
    }
  }
}

Result<std::int64_t> Database::run(std::string_view sql, std::initializer_list<Value> values) {
  if (const auto done = query(sql, values, {}); !done) {
    return fail(done.error());
  }
  return sqlite3_changes64(connection_.get());
}

std::int64_t Database::total_changes() const noexcept {
  return sqlite3_total_changes64(connection_.get());
}

bool Database::in_transaction() const noexcept {
  return sqlite3_get_autocommit(connection_.get()) == 0;
}

}  // namespace offhook::store
