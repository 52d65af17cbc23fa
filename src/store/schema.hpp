#pragma once

#include <string>

#include "base/error.hpp"
#include "store/database.hpp"

namespace offhook::store {

/// What this program writes in `PRAGMA user_version`.
inline constexpr int schema_version = 3;

/// Makes the file when there is none (mode 0600: it holds what people said), brings older schemas
/// up to this one, and sets WAL with a sync per commit.
/// @return `invalid_argument` for the file of another program or of a newer offhook.
[[nodiscard]] Result<Database> open_for_writing(const std::string& path);

/// Any number of readers, also beside a writing process. As above; `not_found` without a file.
[[nodiscard]] Result<Database> open_for_reading(const std::string& path);

}  // namespace offhook::store
