#include "agent/file/yaml.hpp"

#include <string>

#include <yaml-cpp/yaml.h>

namespace offhook::agent::file {
namespace {

constexpr int max_depth = 50;
constexpr int max_nodes = 50'000;

Mark mark_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

struct TooLarge {
  Mark mark;
};

/// Copies yaml-cpp's tree. Aliases share nodes there and are unfolded here, so a small file can
/// grow without bounds: the pieces are counted.
class Copier {
 public:
  Node copy(const YAML::Node& from, int depth) {
    Node node;
    node.mark = mark_of(from.Mark());
    if (++count_ > max_nodes || depth > max_depth) {
      throw TooLarge{node.mark};
    }
    if (from.IsScalar()) {
      node.kind = Node::Kind::scalar;
      node.text = from.Scalar();
      node.written = node.text;
      node.quoted = from.Tag() == "!";
    } else if (from.IsSequence()) {
      node.kind = Node::Kind::list;
      for (const auto& item : from) {
        node.items.push_back(copy(item, depth + 1));
      }
    } else if (from.IsMap()) {
      node.kind = Node::Kind::map;
      for (const auto& member : from) {
        node.members.push_back({member.first.IsScalar() ? member.first.Scalar() : std::string{},
                                mark_of(member.first.Mark()), copy(member.second, depth + 1)});
      }
    }
    return node;
  }

 private:
  int count_ = 0;
};

}  // namespace

std::optional<Node> read_yaml(std::string_view text, Problems& problems) {
  try {
    return Copier{}.copy(YAML::Load(std::string{text}), 0);
  } catch (const TooLarge& where) {
    problems.add(where.mark, {}, "the file is too large or too deeply nested");
  } catch (const YAML::Exception& problem) {
    problems.add(mark_of(problem.mark), {},
                 problem.msg +
                     "; a value that begins with ${ needs quotation marks inside [] and "
                     "{}, as does one with \": \" or \" #\" in it");
  }
  return std::nullopt;
}

}  // namespace offhook::agent::file
