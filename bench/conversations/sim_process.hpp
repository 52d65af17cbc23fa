#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <boost/json/object.hpp>
#include <sys/types.h>

namespace offhook::bench {

/// `offhook sim` in a process of its own, on free ports, and what it costs.
class SimProcess {
 public:
  /// @throws std::runtime_error when it does not start.
  SimProcess(const std::string& program,
             const std::filesystem::path& folder,
             std::vector<std::string> options);
  SimProcess(const SimProcess&) = delete;
  SimProcess& operator=(const SimProcess&) = delete;
  /// Ends it, and waits for that.
  ~SimProcess();

  /// Its ready file.
  [[nodiscard]] const boost::json::object& ready() const noexcept { return ready_; }
  /// CPU seconds so far, by the names of its threads.
  [[nodiscard]] std::map<std::string, double> cpu_seconds() const;
  [[nodiscard]] double resident_mb() const;

 private:
  pid_t pid_ = 0;
  boost::json::object ready_;
};

}  // namespace offhook::bench
