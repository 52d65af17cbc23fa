#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "media/srtp_keys.hpp"

/// SRTP of libre, to test ours against another implementation.
class LibreSrtp {
 public:
  using Bytes = std::vector<std::uint8_t>;

  LibreSrtp(offhook::media::SrtpSuite suite, const offhook::media::SrtpMaster& master);
  ~LibreSrtp();
  LibreSrtp(const LibreSrtp&) = delete;
  LibreSrtp& operator=(const LibreSrtp&) = delete;

  /// Each returns an empty packet when libre refused.
  Bytes encrypt(const Bytes& packet);
  Bytes decrypt(const Bytes& packet);
  Bytes encrypt_rtcp(const Bytes& packet);
  Bytes decrypt_rtcp(const Bytes& packet);

 private:
  struct State;
  std::unique_ptr<State> state_;
};
