#pragma once

namespace offhook {

/// The calling thread does work that can wait: others of the same priority so far go first, also
/// where all cores are busy. Never fails; where the system knows no such thing, nothing changes.
void work_in_background() noexcept;

}  // namespace offhook
