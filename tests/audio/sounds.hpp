#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "audio/codec.hpp"
#include "audio/speech.hpp"
#include "audio/tone.hpp"

namespace offhook::audio::testing {

using Samples = std::vector<std::int16_t>;

inline constexpr std::array all_rates{8'000, 16'000, 24'000, 48'000};

inline Samples tone(double frequency_hz, double amplitude, int rate_hz, double seconds) {
  Samples samples(static_cast<std::size_t>(rate_hz * seconds));
  SineGenerator{frequency_hz, amplitude, rate_hz}.fill(samples);
  return samples;
}

/// The same noise in every run.
inline Samples noise(double amplitude, int rate_hz, double seconds) {
  Samples samples(static_cast<std::size_t>(rate_hz * seconds));
  std::uint32_t state = 1;
  for (std::int16_t& sample : samples) {
    state = state * 1'664'525U + 1'013'904'223U;
    sample =
        static_cast<std::int16_t>(amplitude * (static_cast<double>(state) / 2'147'483'648.0 - 1));
  }
  return samples;
}

inline Samples speech(std::string_view text, int rate_hz, std::string_view voice = "slt") {
  return speak(text, voice, rate_hz).value().sound.samples;
}

inline Samples joined(std::initializer_list<Samples> parts) {
  Samples all;
  for (const Samples& part : parts) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

/// Calls `use` for each 20 ms; an incomplete last frame is left out.
inline void for_each_frame(std::span<const std::int16_t> samples,
                           int rate_hz,
                           const std::function<void(const Frame&)>& use) {
  Frame frame;
  frame.silence(rate_hz);
  for (std::size_t at = 0; at + frame.size <= samples.size(); at += frame.size) {
    std::copy_n(samples.begin() + static_cast<std::ptrdiff_t>(at), frame.size,
                frame.storage.begin());
    use(frame);
  }
}

struct Path {
  int expected_loss_percent = 0;
  /// Packets, counted from 0, that do not arrive.
  std::function<bool(int)> loses = [](int) { return false; };
  bool next_is_known = false;  ///< The packet after a lost one is there when it is concealed.
};

/// Encodes and decodes, both at `rate_hz`.
inline Samples through(CodecId codec,
                       std::span<const std::int16_t> samples,
                       int rate_hz,
                       const Path& path = {}) {
  auto encoder = make_encoder(codec, rate_hz).value();
  auto decoder = make_decoder(codec, rate_hz).value();
  encoder->set_expected_loss(path.expected_loss_percent);
  std::vector<std::vector<std::uint8_t>> packets;
  for_each_frame(samples, rate_hz, [&](const Frame& frame) {
    std::vector<std::uint8_t> payload(max_payload_bytes);
    payload.resize(encoder->encode(frame, payload));
    packets.push_back(std::move(payload));
  });
  Samples received;
  Frame frame;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const bool last = i + 1 == packets.size();
    if (!path.loses(static_cast<int>(i))) {
      if (!decoder->decode(packets[i], frame)) {
        return {};
      }
    } else if (path.next_is_known && !last) {
      decoder->conceal(packets[i + 1], frame);
    } else {
      decoder->conceal({}, frame);
    }
    received.insert(received.end(), frame.samples().begin(), frame.samples().end());
  }
  return received;
}

}  // namespace offhook::audio::testing
