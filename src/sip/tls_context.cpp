#include "sip/tls_context.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

namespace offhook::sip {
namespace {

std::string openssl_reason() {
  const unsigned long code = ERR_peek_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "unknown reason" : reason;
}

bool is_address(const std::string& name) {
  boost::system::error_code not_one;
  static_cast<void>(boost::asio::ip::make_address(name, not_one));
  return !not_one;
}

/// Slot of an SSL object for its `TlsWatch`; OpenSSL calls back when the object is freed, which is
/// the only way to learn that libre has dropped a connection.
int watch_slot() {
  static const int slot =
      SSL_get_ex_new_index(0, nullptr, nullptr, nullptr,
                           [](void*, void* watch, CRYPTO_EX_DATA*, int, long, void*) noexcept {
                             if (auto* self = static_cast<TlsWatch*>(watch); self != nullptr) {
                               --self->connections;
                               if (self->on_lost) {
                                 self->on_lost();
                               }
                             }
                           });
  return slot;
}

void begin_handshake(SSL* ssl, TlsWatch& watch) {
  watch.verify_result = X509_V_OK;
  watch.failure.clear();
  if (SSL_get_ex_data(ssl, watch_slot()) == nullptr) {
    SSL_set_ex_data(ssl, watch_slot(), &watch);
    ++watch.connections;
  }
  if (!is_address(watch.server_name)) {
    // SSL_set_tlsext_host_name, without the C cast in that macro.
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             watch.server_name.data());
  }
}

void on_handshake_info(const SSL* ssl, int where, int value) noexcept {
  auto* watch = static_cast<TlsWatch*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (watch == nullptr || SSL_is_server(ssl) != 0) {
    return;
  }
  if ((where & SSL_CB_HANDSHAKE_START) != 0 && SSL_is_init_finished(ssl) == 0) {
    begin_handshake(const_cast<SSL*>(ssl), *watch);  // OpenSSL's callback offers no other way
  } else if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT) {
    if (value >> 8 == SSL3_AL_FATAL) {
      watch->failure = std::string{"the peer says: "} + SSL_alert_desc_string_long(value);
    }
  } else if ((where & SSL_CB_EXIT) != 0 && value <= 0) {
    watch->verify_result = SSL_get_verify_result(ssl);
    const unsigned long code = ERR_peek_error();
    if (code != 0 && watch->failure.empty()) {
      const char* reason = ERR_reason_error_string(code);
      watch->failure = reason == nullptr ? "unknown reason" : reason;
    }
  }
}

Result<> trust(SSL_CTX* context, const TlsClientConfig& config) {
  ERR_clear_error();
  std::error_code unknown;
  if (!config.ca_file.empty() && !std::filesystem::exists(config.ca_file, unknown)) {
    return fail(Errc::not_found,
                "sip: the CA file " + config.ca_file + " does not exist; check --sip-ca");
  }
  const bool loaded = config.ca_file.empty() ? SSL_CTX_set_default_verify_paths(context) == 1
                                             : SSL_CTX_load_verify_locations(
                                                   context, config.ca_file.c_str(), nullptr) == 1;
  if (!loaded) {
    return fail(Errc::invalid_argument, "sip: cannot use the CA file " + config.ca_file + " (" +
                                            openssl_reason() + "); it must be PEM");
  }
  X509_VERIFY_PARAM* rules = SSL_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool named = is_address(config.server_name)
                         ? X509_VERIFY_PARAM_set1_ip_asc(rules, config.server_name.c_str()) == 1
                         : X509_VERIFY_PARAM_set1_host(rules, config.server_name.c_str(), 0) == 1;
  if (config.server_name.empty() || !named) {
    return fail(Errc::invalid_argument, "sip: '" + config.server_name +
                                            "' cannot be the name in a certificate; check "
                                            "--sip-name");
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return {};
}

Result<ReHandle<tls>> make_tls() {
  tls* raw = nullptr;
  if (tls_alloc(&raw, TLS_METHOD_SSLV23, nullptr, nullptr) != 0) {
    return fail(Errc::internal, "sip: no TLS context");
  }
  ReHandle<tls> context{raw};
  SSL_CTX* ssl = tls_openssl_context(raw);
  SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
  return context;
}

}  // namespace

Result<ReHandle<tls>> make_client_tls(const TlsClientConfig& config, TlsWatch& watch) {
  auto context = make_tls();
  if (!context) {
    return context;
  }
#if OFFHOOK_LIBRE_MAJOR >= 2
  // libre 2 verifies by the host of the request, which need not be the name we were told.
  tls_disable_verify_server(context->get());
#endif
  watch.server_name = config.server_name;
  SSL_CTX* ssl = tls_openssl_context(context->get());
  if (auto trusted = trust(ssl, config); !trusted) {
    return fail(std::move(trusted).error());
  }
  SSL_CTX_set_app_data(ssl, &watch);
  SSL_CTX_set_info_callback(ssl, on_handshake_info);
  return context;
}

Result<ReHandle<tls>> make_server_tls(const std::string& cert_file) {
  auto context = make_tls();
  if (!context) {
    return context;
  }
  SSL_CTX* ssl = tls_openssl_context(context->get());
  // The first ticket acknowledges the client's handshake, so that its INVITE, held back by Nagle's
  // algorithm, leaves at once; a second one would itself be held back.
  SSL_CTX_set_num_tickets(ssl, 1);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(ssl, cert_file.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(ssl, cert_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(ssl) != 1) {
    return fail(Errc::invalid_argument, "sip: cannot use the certificate " + cert_file + " (" +
                                            openssl_reason() +
                                            "); it must be PEM, with the chain and the key");
  }
  return context;
}

Error tls_error(const TlsWatch& watch, const std::string& peer) {
  const std::string certificate = "sip: TLS certificate of " + peer;
  switch (watch.verify_result) {
    case X509_V_OK:
      return {Errc::unreachable, "sip: no TLS with " + peer + " (" +
                                     (watch.failure.empty() ? "connection closed" : watch.failure) +
                                     "); is this a SIP/TLS port?"};
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {Errc::authentication_failed, certificate + " is for another name than " +
                                               watch.server_name + "; check --sip-name"};
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {Errc::authentication_failed,
              certificate + " has expired; ask its owner, or set this machine's clock"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {Errc::authentication_failed,
              certificate + " is not yet valid; set this machine's clock"};
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return {Errc::authentication_failed,
              certificate + " is signed by an unknown authority; add it with --sip-ca"};
    default:
      return {Errc::authentication_failed, certificate + " is not acceptable: " +
                                               X509_verify_cert_error_string(watch.verify_result)};
  }
}

}  // namespace offhook::sip
