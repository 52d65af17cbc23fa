#pragma once

#include <cstddef>

/// How often this thread has called operator new.
std::size_t allocations_of_this_thread() noexcept;
