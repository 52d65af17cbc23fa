#include "audio/codec.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "audio/g711.hpp"
#include "audio/opus_codec.hpp"
#include "audio/waveform_codec.hpp"

namespace offhook::audio {
namespace {

constexpr std::array<CodecInfo, 4> infos{{
    {CodecId::opus, "opus", 48'000, 2, 111, "useinbandfec=1"},
    {CodecId::g722, "G722", 8'000, 1, 9, ""},
    {CodecId::pcmu, "PCMU", 8'000, 1, 0, ""},
    {CodecId::pcma, "PCMA", 8'000, 1, 8, ""},
}};

#ifdef OFFHOOK_HAVE_G722
constexpr bool have_g722 = true;
#else
constexpr bool have_g722 = false;
#endif

template <auto Encode, auto Decode>
class G711 final : public WaveformCodec {
 public:
  void encode(std::span<const std::int16_t> samples,
              std::span<std::uint8_t> payload) noexcept override {
    std::transform(samples.begin(), samples.end(), payload.begin(), Encode);
  }
  void decode(std::span<const std::uint8_t> payload,
              std::span<std::int16_t> samples) noexcept override {
    std::transform(payload.begin(), payload.end(), samples.begin(), Decode);
  }
  [[nodiscard]] int sample_rate_hz() const noexcept override { return 8'000; }
};

Result<std::unique_ptr<WaveformCodec>> make_waveform_codec(CodecId id) {
  if (id == CodecId::pcmu) {
    return std::make_unique<G711<encode_mu_law, decode_mu_law>>();
  }
  if (id == CodecId::pcma) {
    return std::make_unique<G711<encode_a_law, decode_a_law>>();
  }
#ifdef OFFHOOK_HAVE_G722
  if (id == CodecId::g722) {
    if (auto codec = make_g722()) {
      return codec;
    }
    return fail(Errc::internal, "spandsp has no memory for a G.722 codec");
  }
#endif
  return fail(Errc::unsupported,
              "this build has no G.722: install libspandsp-dev and build again, or leave G722 out");
}

Result<> check_rate(int audio_rate_hz) {
  for (const int rate : {8'000, 16'000, 24'000, 48'000}) {
    if (audio_rate_hz == rate) {
      return {};
    }
  }
  return fail(Errc::unsupported, "codecs take sound at 8000, 16000, 24000 or 48000 Hz, not " +
                                     std::to_string(audio_rate_hz));
}

bool same_letters(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

const CodecInfo& codec_info(CodecId id) noexcept { return infos[static_cast<std::size_t>(id)]; }

std::optional<CodecId> codec_by_name(std::string_view sdp_name) noexcept {
  for (const CodecInfo& info : infos) {
    if (same_letters(info.sdp_name, sdp_name)) {
      return info.id;
    }
  }
  return std::nullopt;
}

std::vector<CodecId> available_codecs() {
  std::vector<CodecId> ids;
  for (const CodecInfo& info : infos) {
    if (info.id != CodecId::g722 || have_g722) {
      ids.push_back(info.id);
    }
  }
  return ids;
}

Result<std::unique_ptr<Encoder>> make_encoder(CodecId id, int audio_rate_hz) {
  if (auto checked = check_rate(audio_rate_hz); !checked) {
    return fail(std::move(checked).error());
  }
  if (id == CodecId::opus) {
    return make_opus_encoder(audio_rate_hz);
  }
  auto codec = make_waveform_codec(id);
  if (!codec) {
    return fail(std::move(codec).error());
  }
  return make_waveform_encoder(std::move(*codec), audio_rate_hz);
}

Result<std::unique_ptr<Decoder>> make_decoder(CodecId id, int audio_rate_hz) {
  if (auto checked = check_rate(audio_rate_hz); !checked) {
    return fail(std::move(checked).error());
  }
  if (id == CodecId::opus) {
    return make_opus_decoder(audio_rate_hz);
  }
  auto codec = make_waveform_codec(id);
  if (!codec) {
    return fail(std::move(codec).error());
  }
  return make_waveform_decoder(std::move(*codec), audio_rate_hz);
}

}  // namespace offhook::audio
