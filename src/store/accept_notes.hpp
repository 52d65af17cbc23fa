#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "store/records.hpp"

namespace offhook::store {

/// Calls whose accept may be on its way while their entry is not in the journal yet.
///
/// A file beside the database, written at once and never synced: a line costs microseconds and
/// outlives the process, but not the machine. It is empty whenever nothing is on its way. One
/// thread.
class AcceptNotes {
 public:
  /// Reads what an earlier process has left. The caller owns the journal.
  [[nodiscard]] static Result<AcceptNotes> open(const std::string& path);
  AcceptNotes(AcceptNotes&& other) noexcept
      : file_{std::exchange(other.file_, -1)},
        noted_{std::move(other.noted_)},
        left_{std::move(other.left_)} {}
  AcceptNotes& operator=(AcceptNotes&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(noted_, other.noted_);
    std::swap(left_, other.left_);
    return *this;
  }
  ~AcceptNotes();

  /// Without an answer: on a full disk the call is taken without its note.
  void add(const NewCall& call);
  /// Its entry is in the journal, or will never be. Unknown ids are ignored.
  void remove(const std::string& call_id);
  /// What the earlier process left, each of which is to be removed some time. Empty the next time.
  [[nodiscard]] std::vector<NewCall> take_left() { return std::exchange(left_, {}); }

 private:
  explicit AcceptNotes(int file) : file_{file} {}
  void read_left();

  int file_ = -1;
  std::set<std::string> noted_;  ///< Ids that the file is kept for.
  std::vector<NewCall> left_;
};

}  // namespace offhook::store
