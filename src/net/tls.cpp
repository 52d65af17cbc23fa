#include "net/tls.hpp"

#include <filesystem>

#include <boost/asio/ssl/context.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace offhook::net {
namespace {

namespace ssl = boost::asio::ssl;

/// The newest complaint of OpenSSL, in its words; empties its queue.
std::string openssl_reason() {
  const char* text = nullptr;
  while (const auto code = ERR_get_error()) {
    if (const char* reason = ERR_reason_error_string(code)) {
      text = reason;
    }
  }
  return text ? text : "unknown reason";
}

/// Without this OpenSSL asks for the password of an encrypted key on the terminal.
int refuse_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return -1; }

TlsContext make_context(ssl::context::method method) {
  auto context = std::make_shared<ssl::context>(method);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_default_passwd_cb(context->native_handle(), &refuse_password);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  return context;
}

Result<> check_readable(const std::string& file, std::string_view what) {
  std::error_code failure;
  if (!std::filesystem::is_regular_file(file, failure)) {
    return fail(Errc::not_found, std::string{what} + " file '" + file + "' does not exist");
  }
  return {};
}

}  // namespace

Result<TlsContext> make_client_tls(const std::string& ca_file) {
  ERR_clear_error();
  auto context = make_context(ssl::context::tls_client);
  SSL_CTX* handle = context->native_handle();
  SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, nullptr);
  if (ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(handle) != 1) {
      return fail(Errc::invalid_argument, "the system's trusted certificates cannot be loaded: " +
                                              openssl_reason() + "; install ca-certificates");
    }
    return context;
  }
  if (auto readable = check_readable(ca_file, "CA"); !readable) {
    return fail(std::move(readable).error());
  }
  if (SSL_CTX_load_verify_file(handle, ca_file.c_str()) != 1) {
    return fail(Errc::invalid_argument,
                "CA file '" + ca_file + "' holds no usable PEM certificate: " + openssl_reason());
  }
  return context;
}

Result<TlsContext> make_server_tls(const std::string& cert_file, const std::string& key_file) {
  ERR_clear_error();
  if (auto readable = check_readable(cert_file, "certificate"); !readable) {
    return fail(std::move(readable).error());
  }
  if (auto readable = check_readable(key_file, "key"); !readable) {
    return fail(std::move(readable).error());
  }
  auto context = make_context(ssl::context::tls_server);
  SSL_CTX* handle = context->native_handle();
  if (SSL_CTX_use_certificate_chain_file(handle, cert_file.c_str()) != 1) {
    return fail(Errc::invalid_argument,
                "certificate file '" + cert_file +
                    "' holds no usable PEM certificate: " + openssl_reason());
  }
  if (SSL_CTX_use_PrivateKey_file(handle, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(handle) != 1) {
    return fail(Errc::invalid_argument,
                "key file '" + key_file + "' cannot be used with certificate file '" + cert_file +
                    "': " + openssl_reason() + " (it must be its own key, PEM, without password)");
  }
  return context;
}

}  // namespace offhook::net
