#include "net/certificates.hpp"

#include <fstream>
#include <iterator>

#include <doctest/doctest.h>

#include "net/tls.hpp"
#include "test_certificates.hpp"

namespace fs = std::filesystem;
using namespace offhook;
using net::CertificateRequest;
using net::make_certificates;

namespace {

std::string read(const fs::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

const CertificateRequest for_localhost{{"localhost"}, {"127.0.0.1", "::1"}};

}  // namespace

TEST_SUITE("private certificates") {
  TEST_CASE("are made in a new directory, the key readable for its owner alone") {
    const test::TempDir dir;
    const auto files = make_certificates(dir.path() / "new", for_localhost).value();
    CHECK(fs::status(files.server_file).permissions() ==
          (fs::perms::owner_read | fs::perms::owner_write));
    CHECK(read(files.server_file).find("PRIVATE KEY") != std::string::npos);
    CHECK(read(files.ca_file).find("PRIVATE KEY") == std::string::npos);
    CHECK(net::make_server_tls(files.server_file, files.server_file));
    CHECK(net::make_client_tls(files.ca_file));
  }

  TEST_CASE("are kept while they fit, and replaced when a name is missing") {
    const test::TempDir dir;
    const auto files = make_certificates(dir.path(), for_localhost).value();
    const auto first = read(files.server_file);
    REQUIRE(make_certificates(dir.path(), for_localhost));
    CHECK(read(files.server_file) == first);
    const CertificateRequest more{{"localhost", "sip.api.openai.com"}, {}};
    REQUIRE(make_certificates(dir.path(), more));
    CHECK(read(files.server_file) != first);
  }

  TEST_CASE("are replaced when less than a day is left or the CA does not belong to them") {
    const test::TempDir dir;
    CertificateRequest brief = for_localhost;
    brief.lifetime = std::chrono::hours{23};
    const auto files = make_certificates(dir.path(), brief).value();
    const auto first = read(files.server_file);
    REQUIRE(make_certificates(dir.path(), for_localhost));
    const auto second = read(files.server_file);
    CHECK(second != first);
    const test::TestCertificates other;
    fs::copy_file(other.ca_file(), files.ca_file, fs::copy_options::overwrite_existing);
    REQUIRE(make_certificates(dir.path(), for_localhost));
    CHECK(read(files.server_file) != second);
  }

  TEST_CASE("never overwrite a file of other origin") {
    const test::TempDir dir;
    std::ofstream{dir.path() / "server.pem"} << "my own key";
    const auto made = make_certificates(dir.path(), for_localhost);
    REQUIRE(!made);
    CHECK(made.error().code == Errc::invalid_argument);
    CHECK(read(dir.path() / "server.pem") == "my own key");
  }

  TEST_CASE("cannot be made without a name, for a malformed address or where nobody may write") {
    const test::TempDir dir;
    for (const auto& request : {CertificateRequest{{}, {}}, CertificateRequest{{}, {"1.2.3"}}}) {
      CHECK(make_certificates(dir.path(), request).error().code == Errc::invalid_argument);
    }
    std::ofstream{dir.path() / "file"} << "x";
    CHECK(make_certificates(dir.path() / "file", for_localhost).error().code ==
          Errc::invalid_argument);
  }
}

TEST_SUITE("TLS settings") {
  TEST_CASE("name the file that cannot be used") {
    const test::TestCertificates good;
    const test::TestCertificates other;
    const std::string missing = (good.dir() / "missing.pem").string();
    const std::string junk = (good.dir() / "junk.pem").string();
    std::ofstream{junk} << "junk";

    CHECK(net::make_client_tls(missing).error().code == Errc::not_found);
    CHECK(net::make_client_tls(junk).error().code == Errc::invalid_argument);
    CHECK(net::make_client_tls(junk).error().detail.find(junk) != std::string::npos);
    CHECK(net::make_server_tls(missing, good.server_file()).error().code == Errc::not_found);
    CHECK(net::make_server_tls(good.server_file(), missing).error().code == Errc::not_found);
    CHECK(net::make_server_tls(junk, good.server_file()).error().code == Errc::invalid_argument);
    CHECK(net::make_server_tls(good.server_file(), junk).error().code == Errc::invalid_argument);
    CHECK(net::make_server_tls(good.server_file(), other.server_file()).error().code ==
          Errc::invalid_argument);
  }

  TEST_CASE("trust the system's anchors when no CA is named") { CHECK(net::make_client_tls()); }
}
