#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace offhook::store {

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
};

}  // namespace offhook::store
