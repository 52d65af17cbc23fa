#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/error.hpp"

struct offhook_recogniser_v1;

namespace offhook::audio {

/// A recogniser found when the program runs (audio/recogniser_module.h). Any thread.
class RecogniserModule {
 public:
  /// @return `not_found` when the file is no recogniser or needs what is not installed.
  [[nodiscard]] static Result<RecogniserModule> load(const std::string& path);
  /// Looks in $OFFHOOK_RECOGNISER, beside the program, and in ../lib/offhook from there.
  /// @return `not_found` with what to install.
  [[nodiscard]] static Result<RecogniserModule> find();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  friend class Recogniser;
  RecogniserModule() = default;
  std::shared_ptr<void> library_;
  const offhook_recogniser_v1* functions_ = nullptr;
  std::string name_;
  std::string path_;
};

struct RecogniserSettings {
  std::string model{};      ///< Folder of the module's data; empty: where the module is.
  bool narrowband = false;  ///< The speech came over G.711: nothing above 4 kHz.
  bool quick = false;       ///< Takes less time, and gets a few more words wrong.
};

/// Turns speech into words, one utterance at a time. One thread at a time; takes some 4 % of the
/// length of the speech, so not on a thread that others wait for.
class Recogniser {
 public:
  [[nodiscard]] static Result<Recogniser> open(RecogniserModule module,
                                               const RecogniserSettings& settings);
  Recogniser(Recogniser&&) noexcept = default;
  /// Not member by member: a decoder is closed before its module is let go.
  Recogniser& operator=(Recogniser&& other) noexcept {
    std::swap(module_, other.module_);
    std::swap(decoder_, other.decoder_);
    return *this;
  }

  /// @param samples  One utterance, mono, 16 kHz.
  /// @return its words in lower case; empty when there were none.
  [[nodiscard]] std::string recognise(std::span<const std::int16_t> samples);

 private:
  struct Closer {
    const offhook_recogniser_v1* functions = nullptr;
    void operator()(void* decoder) const noexcept;
  };
  Recogniser(RecogniserModule module, std::unique_ptr<void, Closer> decoder)
      : module_{std::move(module)}, decoder_{std::move(decoder)} {}

  RecogniserModule module_;
  std::unique_ptr<void, Closer> decoder_;
};

}  // namespace offhook::audio
