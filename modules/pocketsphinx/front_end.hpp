#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <pocketsphinx.h>
#include <sphinxbase/ckd_alloc.h>
#include <sphinxbase/fe.h>

#include "base/c_handle.hpp"
#include "telephone_band.hpp"

namespace offhook::pocketsphinx {

inline constexpr const char* acoustic_model = "/usr/share/pocketsphinx/model/en-us/en-us";

using DecoderHandle = CHandle<ps_decoder_t, ps_free>;

/// Rows of cepstra as the library wants them.
class Rows {
 public:
  explicit Rows(std::size_t count)
      : rows_{reinterpret_cast<mfcc_t**>(ckd_calloc_2d(count, cepstra_size, sizeof(mfcc_t)))} {}
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  ~Rows() { ckd_free_2d(rows_); }
  [[nodiscard]] mfcc_t** get() const noexcept { return rows_; }

 private:
  mfcc_t** rows_;
};

/// @param folder   Holds the model that is not Debian's: feat.params, telephone.arpa and .dict.
/// @param options  More of pocketsphinx's, each followed by its value.
/// @return nullptr when the library refuses.
[[nodiscard]] DecoderHandle start_decoder(const std::string& folder,
                                          const std::vector<std::string>& options);

/// Turns sound of 16 kHz into cepstra, a hundred frames a second.
class FrontEnd {
 public:
  /// As the decoder would do it by itself. @return false when it cannot be had.
  [[nodiscard]] bool open(ps_decoder_t* decoder);

  /// The frames of a whole utterance; without pauses, unless the decoder keeps them.
  [[nodiscard]] std::vector<Cepstra> analyse(const std::vector<std::int16_t>& samples);

 private:
  static constexpr int block = 64;
  CHandle<fe_t, fe_free> front_end_;
};

}  // namespace offhook::pocketsphinx
