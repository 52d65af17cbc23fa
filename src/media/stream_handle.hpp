#pragma once

#include <memory>

#include "media/engine.hpp"
#include "media/media_stream.hpp"
#include "media/media_thread.hpp"

namespace offhook::media {

/// The owner's side of a stream: keeps it alive while the media thread has it.
class Stream::Impl {
 public:
  Impl(std::shared_ptr<Engine::Impl> engine,
       std::unique_ptr<MediaStream> stream,
       StreamConfig config,
       int local_family);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  [[nodiscard]] Result<> send_digits(std::string_view digits,
                                     std::chrono::milliseconds tone,
                                     std::chrono::milliseconds gap);
  [[nodiscard]] Result<> update(const StreamConfig& config);
  [[nodiscard]] MediaStream& stream() noexcept { return *stream_; }

 private:
  std::shared_ptr<Engine::Impl> engine_;
  std::unique_ptr<MediaStream> stream_;
  StreamConfig config_;  ///< As last applied.
  int local_family_;
};

}  // namespace offhook::media
