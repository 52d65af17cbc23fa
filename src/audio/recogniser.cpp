#include "audio/recogniser.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include <dlfcn.h>

#include "audio/recogniser_module.h"

namespace offhook::audio {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_text = 4'096;
constexpr const char* file_name = "offhook-recogniser-pocketsphinx.so";

std::string last_dl_error() {
  const char* const why = dlerror();
  return why == nullptr ? "unknown reason" : why;
}

std::vector<fs::path> places() {
  std::error_code ignored;
  const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  return {folder / file_name, folder / ".." / "lib" / "offhook" / file_name,
          folder / ".." / ".." / "modules" / "pocketsphinx" / file_name};  // of a build folder
}

}  // namespace

Result<RecogniserModule> RecogniserModule::load(const std::string& path) {
  RecogniserModule module;
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return fail(Errc::not_found, "speech recogniser: " + last_dl_error());
  }
  module.library_ = std::shared_ptr<void>{handle, [](void* library) { dlclose(library); }};
  void* const symbol = dlsym(handle, OFFHOOK_RECOGNISER_ENTRY);
  if (symbol == nullptr) {
    return fail(Errc::not_found, "speech recogniser: " + path + " is no recogniser of offhook");
  }
  // POSIX: an address from dlsym may be called as a function.
  const auto entry = reinterpret_cast<offhook_recogniser_entry>(symbol);
  module.functions_ = entry();
  if (module.functions_ == nullptr || module.functions_->abi != OFFHOOK_RECOGNISER_ABI) {
    return fail(Errc::unsupported,
                "speech recogniser: " + path + " was made for another version of offhook");
  }
  module.name_ = module.functions_->name;
  module.path_ = path;
  return module;
}

Result<RecogniserModule> RecogniserModule::find() {
  if (const char* const chosen = std::getenv("OFFHOOK_RECOGNISER")) {
    return load(chosen);
  }
  for (const fs::path& place : places()) {
    std::error_code ignored;
    if (fs::exists(place, ignored)) {
      return load(place.lexically_normal().string());
    }
  }
  return fail(Errc::not_found, std::string{"speech recogniser: "} + file_name +
                                   " is not there; build offhook with libpocketsphinx-dev "
                                   "installed, or name another in OFFHOOK_RECOGNISER");
}

void Recogniser::Closer::operator()(void* decoder) const noexcept { functions->close(decoder); }

Result<Recogniser> Recogniser::open(RecogniserModule module, const RecogniserSettings& settings) {
  std::string model = settings.model;
  if (model.empty()) {
    model = (fs::path{module.path_}.parent_path() / "model").string();
  }
  const std::string lines = "model=" + model + "\nnarrowband=" + (settings.narrowband ? "1" : "0") +
                            "\nquick=" + (settings.quick ? "1" : "0") + '\n';
  std::array<char, 512> error{};
  void* const decoder = module.functions_->open(lines.c_str(), error.data(), error.size());
  if (decoder == nullptr) {
    return fail(Errc::not_found, "speech recogniser: " + std::string{error.data()});
  }
  const Closer closer{module.functions_};
  return Recogniser{std::move(module), std::unique_ptr<void, Closer>{decoder, closer}};
}

std::string Recogniser::recognise(std::span<const std::int16_t> samples) {
  std::array<char, longest_text> text{};
  module_.functions_->recognise(decoder_.get(), samples.data(), samples.size(), text.data(),
                                text.size());
  return text.data();
}

}  // namespace offhook::audio
