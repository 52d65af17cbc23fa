#include "sim_process.hpp"

#include <chrono>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <boost/json/parse.hpp>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace offhook::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto start_limit = 30s;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

pid_t spawn(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files{};
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const int failed =
      posix_spawn(&pid, words[0].c_str(), &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (failed != 0) {
    throw std::runtime_error{words[0] + " cannot be started"};
  }
  return pid;
}

}  // namespace

SimProcess::SimProcess(const std::string& program,
                       const std::filesystem::path& folder,
                       std::vector<std::string> options) {
  const auto ready = folder / "ready.json";
  std::filesystem::remove(ready);
  std::vector<std::string> words{
      program,       "sim",          "--sip",        "127.0.0.1:0", "--api",
      "127.0.0.1:0", "--ready-file", ready.string(), "--certs",     (folder / "certs").string()};
  words.insert(words.end(), options.begin(), options.end());
  pid_ = spawn(std::move(words));
  const auto limit = std::chrono::steady_clock::now() + start_limit;
  while (!std::filesystem::exists(ready)) {
    if (waitpid(pid_, nullptr, WNOHANG) == pid_ || std::chrono::steady_clock::now() > limit) {
      throw std::runtime_error{"the sim did not start"};
    }
    std::this_thread::sleep_for(5ms);
  }
  ready_ = boost::json::parse(text_of(ready)).as_object();
}

SimProcess::~SimProcess() {
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

std::map<std::string, double> SimProcess::cpu_seconds() const {
  std::map<std::string, double> all;
  const std::filesystem::path tasks{"/proc/" + std::to_string(pid_) + "/task"};
  for (const auto& task : std::filesystem::directory_iterator{tasks}) {
    // "pid (name) state …"; user and system time are the 12th and 13th field behind the name.
    const std::string stat = text_of(task.path() / "stat");
    const auto open = stat.find('(');
    const auto close = stat.rfind(')');
    if (close == std::string::npos) {
      continue;  // it has just ended
    }
    std::istringstream fields{stat.substr(close + 1)};
    std::string skipped;
    for (int i = 0; i < 11; ++i) {
      fields >> skipped;
    }
    double user = 0;
    double system = 0;
    fields >> user >> system;
    all[stat.substr(open + 1, close - open - 1)] +=
        (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  return all;
}

double SimProcess::resident_mb() const {
  std::istringstream fields{text_of("/proc/" + std::to_string(pid_) + "/statm")};
  double whole = 0;
  double resident = 0;
  fields >> whole >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20U);
}

}  // namespace offhook::bench
