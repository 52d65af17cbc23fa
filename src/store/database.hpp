#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace offhook::store {

/// What is bound to a `?` of a statement. Text is copied when it is bound.
using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string_view>;

/// Text, or null when it is empty: unknown things must not collide in unique columns.
[[nodiscard]] Value text_or_null(std::string_view text);

/// One row of a result, valid until the callback that got it returns.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_{statement} {}
  [[nodiscard]] bool null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string text(int column) const;  ///< "" for null.

 private:
  sqlite3_stmt* statement_;
};

/// One connection to a SQLite file. One thread at a time. Statements are compiled once and kept.
class Database {
 public:
  enum class Access : std::uint8_t { write, read };

  /// @return `not_found` when it is not there and may not be made, else as `run`.
  [[nodiscard]] static Result<Database> open(const std::string& path, Access access);

  /// Statements without values, separated by semicolons.
  [[nodiscard]] Result<> script(const std::string& sql);

  /// One statement. @param sql  Must live as long as this: a literal.
  /// @return the number of rows changed, or an Error: `overloaded` when the disk is full or does
  ///         not work, `malformed_message` when the file is damaged, `internal` otherwise.
  [[nodiscard]] Result<std::int64_t> run(std::string_view sql,
                                         std::initializer_list<Value> values = {});

  /// The same, with a callback for each row of the result.
  [[nodiscard]] Result<> query(std::string_view sql,
                               std::initializer_list<Value> values,
                               const std::function<void(const Row&)>& on_row);

  /// False after SQLite has rolled back by itself, as it does on some errors.
  [[nodiscard]] bool in_transaction() const noexcept;
  /// Rows changed since it was opened.
  [[nodiscard]] std::int64_t total_changes() const noexcept;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* connection) const noexcept;
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  Database(std::string path, sqlite3* connection);
  [[nodiscard]] Result<sqlite3_stmt*> prepared(std::string_view sql);
  [[nodiscard]] tl::unexpected<Error> failure() const;

  std::string path_;
  std::unique_ptr<sqlite3, Close> connection_;
  std::map<std::string_view, std::unique_ptr<sqlite3_stmt, Close>> statements_;
};

}  // namespace offhook::store
