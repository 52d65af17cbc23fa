#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace offhook::agent::file {

/// A place in the file, counted from 1; 0 where there is none.
struct Mark {
  int line = 0;
  int column = 0;
};

struct Member;

/// A piece of the file: YAML without its library, and without anything but its text.
struct Node {
  enum class Kind : std::uint8_t { null, scalar, list, map };

  Kind kind = Kind::null;
  Mark mark{};
  std::string text{};         ///< Scalar, with ${ENV} replaced.
  std::string written{};      ///< Scalar as it stands in the file: the only form that is quoted.
  bool broken = false;        ///< Scalar whose ${ENV} could not be replaced: no more complaints.
  bool quoted = false;        ///< Scalar in quotation marks or as a block: text, not a number.
  std::vector<Node> items{};  ///< List.
  std::vector<Member> members{};  ///< Map, in file order; a name may come twice.

  /// First member of that name, or null.
  [[nodiscard]] const Member* find(std::string_view name) const noexcept;
};

struct Member {
  std::string name;
  Mark mark;
  Node value;
};

/// A node as JSON: plain numbers, true, false and null keep their type, all else is text.
[[nodiscard]] boost::json::value to_json(const Node& node);

}  // namespace offhook::agent::file
