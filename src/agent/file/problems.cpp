#include "agent/file/problems.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

#include <fmt/format.h>

#include "base/printable.hpp"

namespace offhook::agent::file {
namespace {

/// Letters to insert, remove, change or swap with their neighbour.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::vector<std::size_t> next(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = row[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        next[j] = std::min(next[j], before[j - 2] + 1);
      }
    }
    std::swap(before, row);
    std::swap(row, next);
  }
  return row[b.size()];
}

}  // namespace

void Problems::add(Mark mark, std::string path, std::string what) {
  problems_.push_back({mark, std::move(path), std::move(what)});
}

std::vector<std::string> Problems::lines(std::string_view file_name) const {
  std::vector<const Problem*> sorted;
  for (const Problem& problem : problems_) {
    sorted.push_back(&problem);
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem* a, const Problem* b) {
    return std::tie(a->mark.line, a->mark.column) < std::tie(b->mark.line, b->mark.column);
  });
  std::vector<std::string> lines;
  for (const Problem* problem : sorted) {
    std::string line{file_name};
    if (problem->mark.line > 0) {
      line += fmt::format(":{}:{}", problem->mark.line, problem->mark.column);
    }
    if (!problem->path.empty()) {
      line += ": " + problem->path;
    }
    lines.push_back(printable(line + ": " + problem->what, 1'000));
  }
  return lines;
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
  if (word.empty() || word.size() > 64) {
    return {};
  }
  std::string_view nearest;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const std::string_view candidate : known) {
    const std::size_t changes = distance(word, candidate);
    if (changes < least) {
      least = changes;
      nearest = candidate;
    }
  }
  const std::size_t tolerated = std::max<std::size_t>(1, word.size() / 3);
  return least <= tolerated ? fmt::format(" (did you mean \"{}\"?)", nearest) : std::string{};
}

std::string alternatives(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) {
      text += i + 1 == words.size() ? " or " : ", ";
    }
    text += words[i];
  }
  return text;
}

std::string join_path(std::string_view path, std::string_view name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  const std::string shown = plain ? std::string{name} : fmt::format("\"{}\"", name);
  return path.empty() ? shown : fmt::format("{}.{}", path, shown);
}

}  // namespace offhook::agent::file
