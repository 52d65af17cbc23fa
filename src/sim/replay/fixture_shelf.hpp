#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/replay/fixture.hpp"

namespace offhook::sim {

/// The recordings that calls are answered with. Control thread.
class FixtureShelf {
 public:
  explicit FixtureShelf(std::vector<std::shared_ptr<const Fixture>> fixtures)
      : fixtures_{std::move(fixtures)} {}

  [[nodiscard]] bool empty() const noexcept { return fixtures_.empty(); }
  /// For one more call: in turn, from the first again after the last. Not on an empty shelf.
  [[nodiscard]] std::shared_ptr<const Fixture> next() {
    return fixtures_[taken_++ % fixtures_.size()];
  }
  /// Null when there is none of that name.
  [[nodiscard]] std::shared_ptr<const Fixture> find(std::string_view name) const {
    const auto found =
        std::ranges::find_if(fixtures_, [&](const auto& fixture) { return fixture->name == name; });
    return found == fixtures_.end() ? nullptr : *found;
  }

 private:
  std::vector<std::shared_ptr<const Fixture>> fixtures_;
  std::size_t taken_ = 0;
};

}  // namespace offhook::sim
