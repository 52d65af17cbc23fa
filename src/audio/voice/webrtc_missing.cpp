#include "audio/voice/cleaner.hpp"

namespace offhook::audio {

std::unique_ptr<Cleaner> make_webrtc_cleaner(const CleanerConfig&) { return nullptr; }

}  // namespace offhook::audio
