#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace offhook::agent::file {

/// What a field holds. This table is the only place that knows the fields: the checks, the
/// defaults, docs/agent-file.md and docs/agent.schema.json all come from it.
enum class FieldKind : std::uint8_t {
  text,
  secret,      ///< Text that no message ever quotes.
  integer,     ///< Not negative.
  number,      ///< Not negative.
  flag,        ///< true or false.
  duration,    ///< "500ms", "30s", "5m", "2h", "7d", or one of `words`.
  word,        ///< One of `words`.
  texts,       ///< List of texts; a single one may stand alone.
  secrets,     ///< The same, secret.
  text_map,    ///< Name to text.
  secret_map,  ///< Name to secret.
  json,        ///< An object of any content.
  section,     ///< The fields of `section`; or one of `words` alone, if there are some.
  list,        ///< List of sections.
  map,         ///< Name to section.
};

struct Section;

struct Field {
  std::string_view name;
  FieldKind kind;
  std::string_view meaning;          ///< For the documentation.
  std::string_view standard = {};    ///< Default as it would be written; empty: none.
  std::string_view words = {};       ///< Allowed words, separated by spaces.
  const Section* section = nullptr;  ///< Of section, list and map.
  bool required = false;
  double least = 0;    ///< Of integer and number.
  double most = 1e15;  ///< Of integer and number.
  /// Looks at a text: what is wrong with it, or nothing.
  std::string (*check)(std::string_view text) = nullptr;
};

struct Section {
  std::string_view name;     ///< For the documentation: "agent", "tool".
  std::string_view meaning;  ///< For the documentation.
  std::span<const Field> fields;
};

/// The whole file.
[[nodiscard]] const Section& root_section() noexcept;

[[nodiscard]] std::vector<std::string_view> split_words(std::string_view words);

}  // namespace offhook::agent::file
