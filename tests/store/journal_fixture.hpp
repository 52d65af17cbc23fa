#pragma once

#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "base/random.hpp"
#include "store/journal.hpp"

namespace offhook::store {

/// A folder that goes with its test.
class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_{std::filesystem::temp_directory_path() / ("offhook-store-" + random_hex(12))} {
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string file(const std::string& name = "journal.db") const {
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

/// Runs a coroutine to its end.
template <class T>
T run(boost::asio::awaitable<T> work) {
  boost::asio::io_context context{1};
  std::optional<T> result;
  boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr failure, T value) {
    REQUIRE(!failure);
    result = std::move(value);
  });
  context.run();
  return std::move(result).value();
}

/// Runs many at once; results in their order.
template <class T>
std::vector<T> run_all(std::vector<boost::asio::awaitable<T>> work) {
  boost::asio::io_context context{1};
  std::vector<std::optional<T>> found(work.size());
  for (std::size_t i = 0; i < work.size(); ++i) {
    boost::asio::co_spawn(context, std::move(work[i]),
                          [&found, i](std::exception_ptr failure, T value) {
                            REQUIRE(!failure);
                            found[i] = std::move(value);
                          });
  }
  context.run();
  std::vector<T> results;
  for (auto& one : found) {
    results.push_back(std::move(one).value());
  }
  return results;
}

inline std::unique_ptr<Journal> open_journal(const std::string& path, JournalOptions options = {}) {
  auto journal = Journal::open(path, std::move(options));
  REQUIRE_MESSAGE(journal, journal.error().detail);
  return std::move(*journal);
}

inline NewCall call_named(const std::string& id) {
  return {.call_id = id,
          .api = "realtime",
          .webhook_id = "wh_" + id,
          .sip_call_id = id + "@carrier",
          .agent = "support",
          .model = "gpt-realtime",
          .caller = "+4930123",
          .called = "+4940456",
          .detail = R"({"from":"carrier"})",
          .recording = ""};
}

inline NewTool tool_named(const std::string& call_id, const std::string& id) {
  return {.call_id = call_id,
          .function_call_id = id,
          .name = "book",
          .arguments = R"({"table":4})",
          .policy = "report"};
}

}  // namespace offhook::store
