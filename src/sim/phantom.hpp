#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/speaker.hpp"
#include "sim/voice.hpp"

namespace offhook::sim {

/// Quirk: speech that nobody said, in place of the caller's sound from 3 s on, once. Control
/// thread.
class Phantom {
 public:
  /// @param voice  Speaks it. Must outlive this.
  explicit Phantom(Voice& voice);
  Phantom(const Phantom&) = delete;
  Phantom& operator=(const Phantom&) = delete;
  ~Phantom() = default;

  /// Every frame of the caller, in order.
  void haunt(CallerFrame& frame);

 private:
  using Samples = std::vector<std::int16_t>;

  std::size_t frames_ = 0;
  std::size_t said_ = 0;  ///< Samples.
  std::shared_ptr<Samples> samples_ = std::make_shared<Samples>();
};

}  // namespace offhook::sim
