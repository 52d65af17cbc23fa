#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace offhook::fuzz {

using Input = std::vector<std::uint8_t>;

/// Makes variations of a corpus, the n-th of a seed always the same.
class Mutator {
 public:
  /// @param corpus  At least one input; must outlive the mutator.
  Mutator(const std::vector<Input>& corpus, std::uint64_t seed) : corpus_{corpus}, seed_{seed} {}

  [[nodiscard]] Input make(std::uint64_t number);

 private:
  [[nodiscard]] std::size_t below(std::size_t limit);
  [[nodiscard]] std::size_t place(const Input& input) { return below(input.size()); }
  void change_bytes(Input& input);
  void change_length(Input& input);
  void splice(Input& input);

  const std::vector<Input>& corpus_;
  std::uint64_t seed_;
  std::mt19937_64 random_;
};

}  // namespace offhook::fuzz
