#pragma once

#include <memory>

namespace offhook {

/// Releases a C object with the function its library names for that.
template <auto Release>
struct Releaser {
  template <class T>
  void operator()(T* object) const noexcept {
    static_cast<void>(Release(object));
  }
};

/// Sole owner of one object of a C library: `using OpusDecoderHandle = CHandle<OpusDecoder, ...>`.
///
/// Costs one pointer, like the raw handle it replaces.
template <class T, auto Release>
using CHandle = std::unique_ptr<T, Releaser<Release>>;

}  // namespace offhook
