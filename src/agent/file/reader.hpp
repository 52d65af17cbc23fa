#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "agent/file/fields.hpp"
#include "agent/file/node.hpp"
#include "base/secret.hpp"

namespace offhook::agent::file {

/// Reads the fields of one section, with the defaults of the table. What `check_section` has
/// complained about reads as absent, so that the other fields can still be looked at.
class Reader {
 public:
  /// @param node  May be null: everything is absent.
  Reader(const Node* node, const Section& section, std::string path) noexcept
      : node_{node}, section_{&section}, path_{std::move(path)} {}

  [[nodiscard]] bool has(std::string_view name) const noexcept;
  /// Where the field stands; of an absent one, where its section does.
  [[nodiscard]] Mark mark(std::string_view name) const noexcept;
  [[nodiscard]] Mark mark() const noexcept { return node_ == nullptr ? Mark{} : node_->mark; }
  /// "agents.support.voice"
  [[nodiscard]] std::string path(std::string_view name) const;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// The field as it stands there, or null.
  [[nodiscard]] const Node* node(std::string_view name) const noexcept;
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] Secret secret(std::string_view name) const;
  [[nodiscard]] std::uint64_t integer(std::string_view name) const;
  [[nodiscard]] double number(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const;
  /// A word in its place (such as `off`) reads as 0.
  [[nodiscard]] std::chrono::milliseconds duration(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
  [[nodiscard]] std::vector<Secret> secrets(std::string_view name) const;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> text_map(
      std::string_view name) const;
  [[nodiscard]] std::vector<std::pair<std::string, Secret>> secret_map(std::string_view name) const;
  [[nodiscard]] boost::json::object json(std::string_view name) const;
  [[nodiscard]] Reader section(std::string_view name) const;
  [[nodiscard]] std::vector<Reader> list(std::string_view name) const;
  [[nodiscard]] std::vector<std::pair<std::string, Reader>> map(std::string_view name) const;

 private:
  [[nodiscard]] const Node* value(std::string_view name, Node::Kind kind) const noexcept;
  [[nodiscard]] const Field& field(std::string_view name) const noexcept;

  const Node* node_;
  const Section* section_;
  std::string path_;
};

}  // namespace offhook::agent::file
