#include "net/certificates.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <initializer_list>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "base/c_handle.hpp"

namespace offhook::net {
namespace {

using BioHandle = CHandle<BIO, &BIO_free>;
using BignumHandle = CHandle<BIGNUM, &BN_free>;
using CertificateHandle = CHandle<X509, &X509_free>;
using ExtensionHandle = CHandle<X509_EXTENSION, &X509_EXTENSION_free>;
using KeyHandle = CHandle<EVP_PKEY, &EVP_PKEY_free>;

constexpr std::chrono::hours clock_tolerance{1};
constexpr std::chrono::hours least_time_left{24};
const char* const ca_name = "offhook private CA";
constexpr int serial_bits = 127;  // random, positive, at most 20 octets: RFC 5280 section 4.1.2.2

KeyHandle make_key() { return KeyHandle{EVP_EC_gen("P-256")}; }

long seconds(std::chrono::hours duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

bool set_random_serial(X509* certificate) {
  const BignumHandle serial{BN_new()};
  return serial && BN_rand(serial.get(), serial_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_common_name(X509_NAME* name, const std::string& text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, bytes, static_cast<int>(text.size()),
                                    -1, 0) == 1;
}

struct Extension {
  int nid;
  std::string value;  ///< As in openssl.cnf.
};

bool add_extensions(X509* certificate, X509* issuer, std::initializer_list<Extension> extensions) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  return std::ranges::all_of(extensions, [&](const Extension& extension) {
    const ExtensionHandle made{
        X509V3_EXT_conf_nid(nullptr, &context, extension.nid, extension.value.c_str())};
    return made && X509_add_ext(certificate, made.get(), -1) == 1;
  });
}

/// A certificate with everything but its extensions and its signature.
CertificateHandle make_unsigned(EVP_PKEY* key,
                                const std::string& common_name,
                                std::chrono::hours lifetime) {
  CertificateHandle certificate{X509_new()};
  const auto begin = std::min(-clock_tolerance, lifetime - std::chrono::days{1});
  const bool good = certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                    set_random_serial(certificate.get()) &&
                    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), seconds(begin)) &&
                    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), seconds(lifetime)) &&
                    set_common_name(X509_get_subject_name(certificate.get()), common_name) &&
                    X509_set_pubkey(certificate.get(), key) == 1;
  return good ? std::move(certificate) : nullptr;
}

CertificateHandle make_ca(EVP_PKEY* key, std::chrono::hours lifetime) {
  auto ca = make_unsigned(key, ca_name, lifetime);
  const bool good = ca && X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get())) == 1 &&
                    add_extensions(ca.get(), ca.get(),
                                   {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                    {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                    {NID_subject_key_identifier, "hash"}}) &&
                    X509_sign(ca.get(), key, EVP_sha256()) > 0;
  return good ? std::move(ca) : nullptr;
}

std::string alternative_names(const CertificateRequest& request) {
  std::string text;
  for (const auto& name : request.names) {
    text += (text.empty() ? "DNS:" : ",DNS:") + name;
  }
  for (const auto& ip : request.ips) {
    text += (text.empty() ? "IP:" : ",IP:") + ip;
  }
  return text;
}

CertificateHandle make_leaf(EVP_PKEY* key,
                            X509* ca,
                            EVP_PKEY* ca_key,
                            const CertificateRequest& request) {
  const auto& first = request.names.empty() ? request.ips.front() : request.names.front();
  auto leaf = make_unsigned(key, first, request.lifetime);
  const bool good = leaf && X509_set_issuer_name(leaf.get(), X509_get_subject_name(ca)) == 1 &&
                    add_extensions(leaf.get(), ca,
                                   {{NID_basic_constraints, "critical,CA:FALSE"},
                                    {NID_key_usage, "critical,digitalSignature"},
                                    {NID_ext_key_usage, "serverAuth"},
                                    {NID_subject_key_identifier, "hash"},
                                    {NID_authority_key_identifier, "keyid:always"},
                                    {NID_subject_alt_name, alternative_names(request)}}) &&
                    X509_sign(leaf.get(), ca_key, EVP_sha256()) > 0;
  return good ? std::move(leaf) : nullptr;
}

std::string pem(X509* certificate, EVP_PKEY* key) {
  const BioHandle memory{BIO_new(BIO_s_mem())};
  const bool good = memory && PEM_write_bio_X509(memory.get(), certificate) == 1 &&
                    (!key || PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0,
                                                      nullptr, nullptr) == 1);
  const char* bytes = nullptr;
  const long size = good ? BIO_ctrl(memory.get(), BIO_CTRL_INFO, 0, &bytes) : 0;
  return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : std::string{};
}

/// Readers see the old file or the new one, never a part; a key is never readable for others.
Result<> write_file(const std::string& path, std::string_view text, mode_t mode) {
  const std::string unfinished = path + "." + std::to_string(getpid()) + ".new";
  unlink(unfinished.c_str());
  const int file = open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  const bool written =
      file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  int failure = written ? 0 : errno;
  if (file >= 0) {
    close(file);
  }
  if (failure == 0 && rename(unfinished.c_str(), path.c_str()) != 0) {
    failure = errno;
  }
  if (failure != 0) {
    unlink(unfinished.c_str());
    return fail(Errc::invalid_argument,
                "'" + path + "' cannot be written: " + std::generic_category().message(failure));
  }
  return {};
}

CertificateHandle load_certificate(const std::string& path) {
  const BioHandle file{BIO_new_file(path.c_str(), "r")};
  return CertificateHandle{file ? PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr)
                                : nullptr};
}

KeyHandle load_key(const std::string& path) {
  const BioHandle file{BIO_new_file(path.c_str(), "r")};
  return KeyHandle{file ? PEM_read_bio_PrivateKey(file.get(), nullptr, nullptr, nullptr) : nullptr};
}

bool covers(X509* leaf, const CertificateRequest& request) {
  return std::ranges::all_of(request.names,
                             [&](const std::string& name) {
                               return X509_check_host(leaf, name.data(), name.size(), 0, nullptr) ==
                                      1;
                             }) &&
         std::ranges::all_of(request.ips, [&](const std::string& ip) {
           return X509_check_ip_asc(leaf, ip.c_str(), 0) == 1;
         });
}

bool has_time_left(const X509* certificate) {
  time_t limit = time(nullptr) + seconds(least_time_left);
  return X509_cmp_time(X509_get0_notAfter(certificate), &limit) > 0;
}

bool usable(const CertificateFiles& files, const CertificateRequest& request) {
  const auto ca = load_certificate(files.ca_file);
  const auto leaf = load_certificate(files.server_file);
  const auto key = load_key(files.server_file);
  return ca && leaf && key && X509_verify(leaf.get(), X509_get0_pubkey(ca.get())) == 1 &&
         X509_check_private_key(leaf.get(), key.get()) == 1 && has_time_left(ca.get()) &&
         has_time_left(leaf.get()) && covers(leaf.get(), request);
}

/// A certificate that somebody put there himself must not be overwritten.
bool made_here(const std::string& server_file) {
  const auto leaf = load_certificate(server_file);
  if (!leaf) {
    return false;
  }
  std::array<char, 64> issuer{};
  X509_NAME_get_text_by_NID(X509_get_issuer_name(leaf.get()), NID_commonName, issuer.data(),
                            static_cast<int>(issuer.size()));
  return std::string_view{issuer.data()} == ca_name;
}

/// Failed look-ups leave messages behind that the next user of OpenSSL would take for its own.
struct ErrorQueueCleaner {
  ErrorQueueCleaner() = default;
  ErrorQueueCleaner(const ErrorQueueCleaner&) = delete;
  ErrorQueueCleaner& operator=(const ErrorQueueCleaner&) = delete;
  ~ErrorQueueCleaner() { ERR_clear_error(); }
};

}  // namespace

Result<CertificateFiles> make_certificates(const std::filesystem::path& dir,
                                           const CertificateRequest& request) {
  if (request.names.empty() && request.ips.empty()) {
    return fail(Errc::invalid_argument, "a certificate needs a name or an IP address");
  }
  CertificateFiles files{(dir / "ca.pem").string(), (dir / "server.pem").string()};
  const ErrorQueueCleaner cleaner;
  if (usable(files, request)) {
    return files;
  }
  std::error_code failure;
  if (std::filesystem::exists(files.server_file, failure) && !made_here(files.server_file)) {
    return fail(Errc::invalid_argument, "'" + files.server_file +
                                            "' was not made by offhook and does not fit; give "
                                            "another directory for the certificates");
  }
  std::filesystem::create_directories(dir, failure);
  if (failure) {
    return fail(Errc::invalid_argument,
                "directory '" + dir.string() + "' cannot be made: " + failure.message());
  }
  const auto ca_key = make_key();
  const auto ca = ca_key ? make_ca(ca_key.get(), request.lifetime) : nullptr;
  const auto key = make_key();
  const auto leaf = ca && key ? make_leaf(key.get(), ca.get(), ca_key.get(), request) : nullptr;
  if (!leaf) {
    return fail(Errc::invalid_argument,
                "no certificate can be made for '" + alternative_names(request) + "'");
  }
  if (auto written = write_file(files.server_file, pem(leaf.get(), key.get()), 0600); !written) {
    return fail(std::move(written).error());
  }
  if (auto written = write_file(files.ca_file, pem(ca.get(), nullptr), 0644); !written) {
    return fail(std::move(written).error());
  }
  return files;
}

}  // namespace offhook::net
