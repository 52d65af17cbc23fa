#include "media/seq_lock.hpp"

#include <thread>

#include <doctest/doctest.h>

using offhook::media::SeqLock;

TEST_SUITE("SeqLock") {
  TEST_CASE("shows a reader only whole values, the newest at last") {
    struct Value {
      std::array<std::uint64_t, 13> same{};
    };
    SeqLock<Value> shared;
    constexpr std::uint64_t last = 100'000;
    std::thread writer{[&] {
      for (std::uint64_t n = 1; n <= last; ++n) {
        Value value;
        value.same.fill(n);
        shared.publish(value);
      }
    }};
    std::uint64_t newest = 0;
    int torn = 0;
    while (newest < last) {
      const Value value = shared.read();
      torn += value.same.front() != value.same.back() || value.same.front() < newest ? 1 : 0;
      newest = value.same.front();
    }
    writer.join();
    CHECK(torn == 0);
  }
}
