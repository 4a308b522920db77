// TLS of the sinks that speak it themselves.
#include "report/sinks/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstring>

namespace umbratap::report {

namespace {

std::string last_error() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "unknown trouble" : reason;
}

bool is_address(const std::string& name) {
    unsigned char address[16];
    return inet_pton(AF_INET, name.c_str(), address) == 1 ||
           inet_pton(AF_INET6, name.c_str(), address) == 1;
}

}  // namespace

TlsContext make_tls_context(const Output& output) {
    const auto refuse = [&](const std::string& what) {
        throw SinkError("output " + output.to + ": " + what + ": " + last_error());
    };
    TlsContext context(SSL_CTX_new(TLS_client_method()));
    if (!context) refuse("TLS");
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_mode(context.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    const Output::Tls& tls = output.tls;
    if (tls.ca.empty()) {
        SSL_CTX_set_default_verify_paths(context.get());
    } else if (SSL_CTX_load_verify_file(context.get(), tls.ca.c_str()) != 1) {
        refuse("the certificate authority " + tls.ca + " cannot be read as PEM");
    }
    if (!tls.certificate.empty()) {
        if (SSL_CTX_use_certificate_chain_file(context.get(), tls.certificate.c_str()) != 1)
            refuse("the certificate " + tls.certificate + " cannot be read as PEM");
        const std::string& key = tls.key.empty() ? tls.certificate : tls.key;
        if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1)
            refuse("the key " + key + " cannot be read as PEM, or is not the certificate's");
    }
    return context;
}

Tls make_tls(SSL_CTX* context, int socket, const std::string& name) noexcept {
    Tls tls(SSL_new(context));
    if (!tls || SSL_set_fd(tls.get(), socket) != 1) return nullptr;
    if (is_address(name)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls.get()), name.c_str());
    } else {
        SSL_set_hostflags(tls.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        if (SSL_set1_host(tls.get(), name.c_str()) != 1) return nullptr;
        SSL_set_tlsext_host_name(tls.get(), name.c_str());
    }
    SSL_set_connect_state(tls.get());
    return tls;
}

std::string tls_trouble(SSL* tls, int result) {
    const int kind = SSL_get_error(tls, result);
    const long verdict = SSL_get_verify_result(tls);
    if (verdict != X509_V_OK && kind == SSL_ERROR_SSL) {
        ERR_clear_error();
        return std::string("the receiver's certificate is not accepted: ") +
               X509_verify_cert_error_string(verdict);
    }
    if (kind == SSL_ERROR_ZERO_RETURN) return "the receiver closed the connection";
    if (kind == SSL_ERROR_SYSCALL && ERR_peek_error() == 0)
        return errno == 0 ? "the receiver closed the connection" : std::strerror(errno);
    return "TLS: " + last_error();
}

}  // namespace umbratap::report
