#include "audio/sound_error.hpp"

#include <string_view>

#include <sndfile.h>

namespace offhook::audio {

std::string sound_error(sf_private_tag* file) {
  std::string_view reason = sf_strerror(file);
  constexpr std::string_view system_error = "System error : ";
  if (reason.substr(0, system_error.size()) == system_error) {
    reason.remove_prefix(system_error.size());
  }
  while (!reason.empty() && (reason.back() == '.' || reason.back() == '\n')) {
    reason.remove_suffix(1);
  }
  return std::string{reason};
}

}  // namespace offhook::audio
