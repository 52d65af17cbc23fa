#pragma once

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "net/certificates.hpp"
#include "net/tls.hpp"

namespace offhook::test {

/// A directory of its own that is removed with everything in it.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "offhook-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error{"no temporary directory can be made"};
    }
    path_ = name;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// A private CA and a server certificate signed by it, as PEM files.
class TestCertificates {
 public:
  /// Good for localhost and 127.0.0.1 unless told otherwise; a negative lifetime is over already.
  explicit TestCertificates(std::vector<std::string> names = {"localhost"},
                            std::vector<std::string> ips = {"127.0.0.1"},
                            std::chrono::hours lifetime = std::chrono::days{2}) {
    const net::CertificateRequest request{std::move(names), std::move(ips), lifetime};
    auto made = net::make_certificates(dir_.path(), request);
    if (!made) {
      throw std::runtime_error{made.error().detail};
    }
    files_ = std::move(*made);
  }

  [[nodiscard]] const std::string& ca_file() const noexcept { return files_.ca_file; }
  /// Certificate and key.
  [[nodiscard]] const std::string& server_file() const noexcept { return files_.server_file; }
  [[nodiscard]] const std::filesystem::path& dir() const noexcept { return dir_.path(); }

  [[nodiscard]] net::TlsContext server() const {
    return net::make_server_tls(server_file(), server_file()).value();
  }
  [[nodiscard]] net::TlsContext client() const { return net::make_client_tls(ca_file()).value(); }

 private:
  TempDir dir_;
  net::CertificateFiles files_;
};

}  // namespace offhook::test
