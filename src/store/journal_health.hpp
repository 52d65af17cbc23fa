#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace offhook::store {

/// The state of a journal, for metrics and `/readyz`.
struct JournalHealth {
  bool ok = true;   ///< False: an outage. A commit failed, and what it held is not written.
  std::string why;  ///< When not ok.
  std::uint64_t outages = 0;  ///< That began.
  std::chrono::milliseconds down{
      0};                    ///< How long they have lasted in all, the present one included.
  std::size_t queued = 0;    ///< Writes that wait for a commit.
  std::uint64_t writes = 0;  ///< That were committed.
  std::uint64_t commits = 0;
  std::uint64_t failed_commits = 0;
  std::uint64_t failed_writes = 0;  ///< Refused by the database, not by the disk: a fault of ours.
  std::uint64_t dropped = 0;        ///< Events, lines and marks that found the queue full.
};

/// An outage began, or is over.
struct JournalChange {
  bool ok = false;
  std::string why;                      ///< When not ok.
  std::chrono::milliseconds lasted{0};  ///< When ok: how long it was not.
};

}  // namespace offhook::store
