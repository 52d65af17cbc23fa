#pragma once

#include <string>

struct sf_private_tag;  // libsndfile's SNDFILE

namespace offhook::audio {

/// Why libsndfile failed, as the end of a sentence: "No such file or directory".
/// @param file  Null for a file that could not be opened.
[[nodiscard]] std::string sound_error(sf_private_tag* file);

}  // namespace offhook::audio
