// Runs a fuzz target without libFuzzer:
//   fuzz_webhook FOLDER [MUTATIONS [SEED]]       every file of the corpus, then mutations of them
//   fuzz_webhook FILE                            one input, such as a crash file of libFuzzer
//   fuzz_webhook FOLDER 0 SEED --write N FILE    writes mutation N of the corpus into FILE
// A failure names the file or the mutation.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <signal.h>
#include <unistd.h>

#include "mutator.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());
// UndefinedBehaviorSanitizer does not call that one; its abort comes by signal.
extern "C" const char* __ubsan_default_options() { return "abort_on_error=1:print_stacktrace=1"; }

namespace {

namespace fs = std::filesystem;
using offhook::fuzz::Input;

/// Name of the input that is running, for whoever finds the process dying.
char running[4'096] = "start";

void name_running_input() {
  const std::string_view parts[] = {"fuzz input: ", running, "\n"};
  for (const std::string_view part : parts) {
    static_cast<void>(!::write(STDERR_FILENO, part.data(), part.size()));
  }
}

extern "C" void on_fatal_signal(int number) {
  name_running_input();
  ::signal(number, SIG_DFL);
  ::raise(number);
}

Input read(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

void run(const Input& input, const std::string& name) {
  std::snprintf(running, sizeof running, "%s", name.c_str());
  // A copy of exactly this size, so that AddressSanitizer sees a read past the end.
  const std::vector<std::uint8_t> exact(input);
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator{folder}) {
    if (entry.is_regular_file()) {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);  // the same order, hence the same mutations, everywhere
  return files;
}

int replay(const fs::path& folder, std::uint64_t mutations, std::uint64_t seed) {
  std::vector<Input> corpus;
  for (const fs::path& file : files_in(folder)) {
    corpus.push_back(read(file));
    run(corpus.back(), file.string());
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "%s holds no input\n", folder.c_str());
    return 1;
  }
  offhook::fuzz::Mutator mutator{corpus, seed};
  for (std::uint64_t n = 0; n < mutations; ++n) {
    run(mutator.make(n), "mutation " + std::to_string(n) + " of seed " + std::to_string(seed));
  }
  std::printf("%zu files and %llu mutations (seed %llu)\n", corpus.size(),
              static_cast<unsigned long long>(mutations), static_cast<unsigned long long>(seed));
  return 0;
}

int write_mutation(const fs::path& folder, std::uint64_t seed, std::uint64_t n, const char* to) {
  std::vector<Input> corpus;
  for (const fs::path& file : files_in(folder)) {
    corpus.push_back(read(file));
  }
  const Input input = offhook::fuzz::Mutator{corpus, seed}.make(n);
  std::ofstream file{to, std::ios::binary};
  std::ranges::copy(input, std::ostreambuf_iterator<char>{file});
  return file ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> arguments(words + 1, words + count);
  const auto number = [&](std::size_t at, std::uint64_t otherwise) {
    return arguments.size() > at ? std::strtoull(arguments[at].c_str(), nullptr, 10) : otherwise;
  };
  if (arguments.empty() || !fs::exists(arguments[0])) {
    std::fprintf(stderr, "usage: %s FILE | FOLDER [MUTATIONS [SEED [--write N FILE]]]\n", words[0]);
    return 2;
  }
  if (arguments.size() == 6 && arguments[3] == "--write") {
    return write_mutation(arguments[0], number(2, 1), number(4, 0), arguments[5].c_str());
  }
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(name_running_input);
  }
  for (const int fatal : {SIGABRT, SIGFPE, SIGILL}) {
    ::signal(fatal, on_fatal_signal);
  }
  if (__sanitizer_set_death_callback == nullptr) {
    ::signal(SIGSEGV, on_fatal_signal);  // the sanitizer's own report says more
  }
  if (fs::is_directory(arguments[0])) {
    return replay(arguments[0], number(1, 0), number(2, 1));
  }
  run(read(arguments[0]), arguments[0]);
  return 0;
}
