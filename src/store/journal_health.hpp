#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace offhook::store {

/// How long commits took, as a Prometheus histogram wants it.
struct CommitTimes {
  static constexpr std::array<double, 10> bounds_ms{1, 2, 5, 10, 20, 50, 100, 200, 500, 1'000};
  std::array<std::uint64_t, bounds_ms.size() + 1> counts{};  ///< Per bound; last: longer. Not sums.
  double sum_ms = 0;

  void add(std::chrono::duration<double, std::milli> took) {
    std::size_t bucket = 0;
    while (bucket < bounds_ms.size() && took.count() > bounds_ms[bucket]) {
      ++bucket;
    }
    ++counts[bucket];
    sum_ms += took.count();
  }
};

/// The state of a journal, for metrics and `/readyz`.
struct JournalHealth {
  bool ok = true;            ///< False: the last commit failed, and durable operations do, too.
  std::string why;           ///< When not ok.
  std::size_t queued = 0;    ///< Writes that wait for a commit.
  std::uint64_t writes = 0;  ///< That were committed.
  std::uint64_t commits = 0;
  std::uint64_t failed_commits = 0;
  std::uint64_t failed_writes = 0;  ///< Refused by the database, not by the disk: a fault of ours.
  std::uint64_t dropped = 0;        ///< Events, lines and marks that found the queue full.
  CommitTimes commit_times;
};

}  // namespace offhook::store
