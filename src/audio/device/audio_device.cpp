#include "audio/device/audio_device.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "audio/device/backends.hpp"

namespace offhook::audio {
namespace {

/// Best first: figures for each are in docs/sound.md.
constexpr std::array backends{
#ifdef OFFHOOK_HAVE_PIPEWIRE
    DeviceBackend{"pipewire", open_pipewire, list_pipewire},
#endif
#ifdef OFFHOOK_HAVE_PULSE
    DeviceBackend{"pulse", open_pulse, list_pulse},
#endif
#ifdef OFFHOOK_HAVE_RTAUDIO
    DeviceBackend{"rtaudio", open_rtaudio, list_rtaudio},
#endif
    DeviceBackend{"null", open_virtual_device, nullptr},
};

/// The null device is nobody's fallback: it is taken when named.
bool is_asked(const DeviceBackend& backend, std::string_view name) {
  return name.empty() ? backend.list != nullptr : backend.name == name;
}

tl::unexpected<Error> no_backend(std::string_view name, const std::string& reasons) {
  if (!name.empty() && reasons.empty()) {
    std::string known;
    for (const std::string_view other : device_backends()) {
      known += (known.empty() ? "" : ", ") + std::string{other};
    }
    return fail(Errc::unsupported, "this build has no sound system \"" + std::string{name} +
                                       "\"; it has " + (known.empty() ? "none" : known));
  }
  if (reasons.empty()) {
    return fail(Errc::unsupported,
                "this build has no sound devices: install libpipewire-0.3-dev or libpulse-dev and "
                "build again" +
                    std::string{no_device_hint});
  }
  return fail(Errc::not_found, "no sound device: " + reasons + std::string{no_device_hint});
}

/// Tries one sound system after the other until one is there.
template <class Try>
auto first_that_answers(std::span<const DeviceBackend> candidates,
                        std::string_view name,
                        Try&& attempt) -> decltype(attempt(candidates.front())) {
  std::string reasons;
  for (const DeviceBackend& backend : candidates) {
    if (!is_asked(backend, name)) {
      continue;
    }
    auto result = attempt(backend);
    if (result) {
      return result;
    }
    if (result.error().code != Errc::unreachable) {
      return fail(std::move(result).error().with("no sound device"));
    }
    reasons += (reasons.empty() ? "" : ", ") + result.error().detail;
  }
  return no_backend(name, reasons);
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](unsigned char letter) {
    return static_cast<char>(std::tolower(letter));
  });
  return result;
}

}  // namespace

std::string_view to_string(DeviceKind kind) noexcept {
  return kind == DeviceKind::microphone ? "microphone" : "loudspeaker";
}

std::string_view to_string(DeviceNotice::Kind kind) noexcept {
  switch (kind) {
    case DeviceNotice::Kind::lost: return "lost";
    case DeviceNotice::Kind::returned: return "returned";
    case DeviceNotice::Kind::moved: return "moved";
    case DeviceNotice::Kind::echo_removed: return "echo.removed";
    case DeviceNotice::Kind::no_echo_cancel: return "echo.ours";
  }
  return "unknown";
}

Result<std::unique_ptr<AudioDevice>> open_audio_device(const DeviceRequest& request,
                                                       DeviceCallback& callback) {
  const bool virtual_microphone = is_virtual_device(request.microphone);
  const bool virtual_loudspeaker = is_virtual_device(request.loudspeaker);
  if (virtual_microphone || virtual_loudspeaker) {
    if ((virtual_microphone || request.microphone.empty()) &&
        (virtual_loudspeaker || request.loudspeaker.empty())) {
      return open_virtual_device(request, callback);
    }
    return fail(
        Errc::invalid_argument,
        "\"null\", \"loop\" and \"file:\" go with each other, not with a device: microphone \"" +
            request.microphone + "\", loudspeaker \"" + request.loudspeaker + "\"");
  }
  return open_first(backends, request, callback);
}

OpenedDevice open_first(std::span<const DeviceBackend> candidates,
                        const DeviceRequest& request,
                        DeviceCallback& callback) {
  return first_that_answers(candidates, request.backend, [&](const DeviceBackend& backend) {
    return backend.open(request, callback);
  });
}

Result<std::vector<DeviceInfo>> list_devices(std::string_view backend) {
  return first_that_answers(backends, backend, [](const DeviceBackend& candidate) {
    return candidate.list == nullptr ? DeviceList{} : candidate.list();
  });
}

std::vector<std::string_view> device_backends() {
  std::vector<std::string_view> names;
  for (const DeviceBackend& backend : backends) {
    if (backend.list != nullptr) {
      names.push_back(backend.name);
    }
  }
  return names;
}

Result<DeviceInfo> find_device(const std::vector<DeviceInfo>& devices,
                               DeviceKind kind,
                               std::string_view wanted) {
  std::vector<DeviceInfo> part;
  const std::string pattern = lower(wanted);
  for (const DeviceInfo& device : devices) {
    if (device.kind != kind) {
      continue;
    }
    if (device.name == wanted || lower(device.description) == pattern) {
      return device;
    }
    if (lower(device.name + "\n" + device.description).find(pattern) != std::string::npos) {
      part.push_back(device);
    }
  }
  if (part.size() == 1) {
    return part.front();
  }
  std::string text = std::string{to_string(kind)} + " \"" + std::string{wanted} + "\": ";
  if (part.empty()) {
    return fail(Errc::not_found, text + "there is none of this name; see offhook devices");
  }
  text += "could be";
  for (const DeviceInfo& device : part) {
    text += " " + device.name;
  }
  return fail(Errc::invalid_argument, text);
}

bool names_echo_canceller(std::string_view text) noexcept {
  constexpr std::array<std::string_view, 3> marks{"echo-cancel", "echo_cancel", "echocancel"};
  return std::ranges::any_of(marks, [&](std::string_view mark) {
    return std::ranges::search(text, mark, [](char a, char b) {
             return std::tolower(static_cast<unsigned char>(a)) == b;
           }).size() == mark.size();
  });
}

}  // namespace offhook::audio
