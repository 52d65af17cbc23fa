#include "audio/device/device.hpp"

namespace offhook::audio {

Result<std::unique_ptr<Device>> open_default_device(int /*rate_hz*/) {
  return fail(Errc::unsupported,
              "this build has no sound devices: install libpulse-dev and build again");
}

}  // namespace offhook::audio
