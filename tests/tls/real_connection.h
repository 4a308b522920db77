// Connections of OpenSSL with itself, in memory: real handshakes of every version and suite, with
// their key log, for whoever overhears them.
#pragma once

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "flow/stream_chunk.h"

namespace umbratap::tls::test {

using flow::Direction;

/// What went over the wire in one go.
struct Flight {
    Direction direction;
    std::string bytes;
};

struct ConnectionOptions {
    int version = TLS1_3_VERSION;
    std::string ciphers = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";  ///< of TLS 1.2 and before
    std::string suites = "TLS_AES_128_GCM_SHA256";            ///< of TLS 1.3
    std::string client_groups = "X25519:P-256", server_groups = "X25519:P-256";
    bool ecdsa = false;            ///< the server's key; else RSA
    bool encrypt_then_mac = true;  ///< where it is offered by default
    bool extended_master = true;
    bool tickets = true;
    bool early_data = false;         ///< the server takes it
    std::size_t fragment_bytes = 0;  ///< records hold at most so much; 0: as OpenSSL likes
};

template <class T, void (*release)(T*)>
struct Release {
    void operator()(T* object) const noexcept { release(object); }
};
template <class T, void (*release)(T*)>
using Owned = std::unique_ptr<T, Release<T, release>>;

inline void require(bool done, const char* what) {
    if (!done) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

/// A key and a certificate for `server.example`, made once.
struct Identity {
    Owned<EVP_PKEY, EVP_PKEY_free> key;
    Owned<X509, X509_free> certificate;

    explicit Identity(bool ecdsa) {
        key.reset(ecdsa ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048));
        certificate.reset(X509_new());
        X509* const x = certificate.get();
        require(key && x, "no key");
        X509_set_version(x, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
        X509_gmtime_adj(X509_getm_notBefore(x), 0);
        X509_gmtime_adj(X509_getm_notAfter(x), 86400);
        X509_NAME* const name = X509_get_subject_name(x);
        const auto* common = reinterpret_cast<const unsigned char*>("Server Example");
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0);
        X509_set_issuer_name(x, name);
        X509_set_pubkey(x, key.get());
        Owned<X509_EXTENSION, X509_EXTENSION_free> names(
            X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name,
                                "DNS:Server.example,DNS:*.server.example,IP:10.0.0.7"));
        X509_add_ext(x, names.get(), -1);
        require(X509_sign(x, key.get(), EVP_sha256()) > 0, "not signed");
    }
    static const Identity& of(bool ecdsa) {
        static const Identity rsa_identity(false), ecdsa_identity(true);
        return ecdsa ? ecdsa_identity : rsa_identity;
    }
    std::string pem() const {
        Owned<BIO, BIO_free_all> bio(BIO_new(BIO_s_mem()));
        PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        char* text = nullptr;
        const long size = BIO_get_mem_data(bio.get(), &text);
        return {text, static_cast<std::size_t>(size)};
    }
};

/// Client and server that may meet several times, and resume.
class RealPeers {
public:
    explicit RealPeers(const ConnectionOptions& options = {}) : options_(options) {
        const Identity& identity = Identity::of(options.ecdsa);
        client_.reset(SSL_CTX_new(TLS_client_method()));
        server_.reset(SSL_CTX_new(TLS_server_method()));
        for (SSL_CTX* context : {client_.get(), server_.get()}) {
            require(SSL_CTX_set_min_proto_version(context, options.version) == 1 &&
                        SSL_CTX_set_max_proto_version(context, options.version) == 1,
                    "version");
            require(SSL_CTX_set_cipher_list(context, options.ciphers.c_str()) == 1, "ciphers");
            require(SSL_CTX_set_ciphersuites(context, options.suites.c_str()) == 1, "suites");
            SSL_CTX_set_security_level(context, 0);
            SSL_CTX_set_options(context,
                                SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
            SSL_CTX_clear_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_ENCRYPT_THEN_MAC);
            if (!options.encrypt_then_mac) SSL_CTX_set_options(context, SSL_OP_NO_ENCRYPT_THEN_MAC);
            if (!options.extended_master)
                SSL_CTX_set_options(context, SSL_OP_NO_EXTENDED_MASTER_SECRET);
            if (!options.tickets) SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
            if (options.fragment_bytes > 0)
                SSL_CTX_set_max_send_fragment(context, static_cast<long>(options.fragment_bytes));
        }
        SSL_CTX_set1_groups_list(client_.get(), options.client_groups.c_str());
        SSL_CTX_set1_groups_list(server_.get(), options.server_groups.c_str());
        SSL_CTX_use_certificate(server_.get(), identity.certificate.get());
        SSL_CTX_use_PrivateKey(server_.get(), identity.key.get());
        SSL_CTX_set_session_cache_mode(client_.get(), SSL_SESS_CACHE_CLIENT);
        SSL_CTX_set_session_id_context(server_.get(), reinterpret_cast<const unsigned char*>("t"),
                                       1);
        SSL_CTX_set_dh_auto(server_.get(), 1);
        if (options.early_data) {
            SSL_CTX_set_max_early_data(server_.get(), 16384);
            SSL_CTX_set_options(server_.get(), SSL_OP_NO_ANTI_REPLAY);
        }
        SSL_CTX_set_keylog_callback(client_.get(), [](const SSL* ssl, const char* line) {
            static_cast<std::string*>(SSL_get_app_data(ssl))->append(line).append("\n");
        });
    }

    SSL_CTX* client() { return client_.get(); }
    SSL_CTX* server() { return server_.get(); }
    const ConnectionOptions& options() const { return options_; }

private:
    ConnectionOptions options_;
    Owned<SSL_CTX, SSL_CTX_free> client_, server_;
};

class RealConnection {
public:
    explicit RealConnection(RealPeers& peers, SSL_SESSION* resume = nullptr)
        : client_(SSL_new(peers.client())), server_(SSL_new(peers.server())) {
        SSL_set_app_data(client_.get(), &key_log);
        SSL_set_tlsext_host_name(client_.get(), "server.example");
        if (resume != nullptr) SSL_set_session(client_.get(), resume);
        connect(client_.get(), from_client_, from_server_);
        connect(server_.get(), from_server_, from_client_);
        SSL_set_connect_state(client_.get());
        SSL_set_accept_state(server_.get());
    }

    /// Before handshake(): 0-RTT data.
    void send_early(std::string_view text) {
        std::size_t written = 0;
        require(SSL_write_early_data(client_.get(), text.data(), text.size(), &written) == 1,
                "early data");
        plaintext[0] += text;
        move(Direction::to_server);
        std::string got(text.size(), '\0');
        std::size_t read = 0;
        early_read_ = SSL_read_early_data(server_.get(), got.data(), got.size(), &read) ==
                      SSL_READ_EARLY_DATA_SUCCESS;
        move(Direction::to_client);
    }
    bool early_taken() const { return early_read_; }

    RealConnection& handshake() {
        if (early_read_) finish_early();
        for (int round = 0; round < 20; ++round) {
            SSL_do_handshake(client_.get());
            move(Direction::to_server);
            SSL_do_handshake(server_.get());
            move(Direction::to_client);
            if (SSL_is_init_finished(client_.get()) && SSL_is_init_finished(server_.get()) &&
                round > 0) {
                read(client_.get());  // tickets of TLS 1.3
                return *this;
            }
        }
        throw std::runtime_error("no handshake");
    }
    RealConnection& send(Direction direction, std::string_view text) {
        const bool client = direction == Direction::to_server;
        require(SSL_write(client ? client_.get() : server_.get(), text.data(),
                          static_cast<int>(text.size())) == static_cast<int>(text.size()),
                "write");
        plaintext[flow::index(direction)] += text;
        move(direction);
        read(client ? server_.get() : client_.get());
        move(flow::opposite(direction));
        read(client ? client_.get() : server_.get());
        return *this;
    }
    RealConnection& update_key(Direction direction) {
        SSL* const ssl = direction == Direction::to_server ? client_.get() : server_.get();
        require(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) == 1, "key update");
        return *this;
    }
    RealConnection& renegotiate() {
        require(SSL_renegotiate(client_.get()) == 1, "renegotiate");
        for (int round = 0; round < 6; ++round) {
            SSL_do_handshake(client_.get());
            move(Direction::to_server);
            read(server_.get());
            SSL_do_handshake(server_.get());
            move(Direction::to_client);
            read(client_.get());
        }
        return *this;
    }
    /// The session that the client may resume.
    Owned<SSL_SESSION, SSL_SESSION_free> session() {
        return Owned<SSL_SESSION, SSL_SESSION_free>(SSL_get1_session(client_.get()));
    }
    bool resumed() { return SSL_session_reused(client_.get()) == 1; }
    const char* cipher() { return SSL_CIPHER_standard_name(SSL_get_current_cipher(client_.get())); }

    std::vector<Flight> flights;
    std::string key_log;
    std::string plaintext[2];  ///< by Direction

private:
    static void connect(SSL* ssl, BIO*& out, BIO*& in) {
        if (out == nullptr) out = BIO_new(BIO_s_mem());
        if (in == nullptr) in = BIO_new(BIO_s_mem());
        BIO_up_ref(out);
        BIO_up_ref(in);
        wires().emplace_back(out);
        SSL_set_bio(ssl, in, out);
    }
    static std::vector<Owned<BIO, BIO_free_all>>& wires() {
        static std::vector<Owned<BIO, BIO_free_all>> all;
        return all;
    }
    /// Takes a copy of what was written and not read yet.
    void move(Direction direction) {
        BIO* const wire = direction == Direction::to_server ? from_client_ : from_server_;
        std::size_t& seen = seen_[flow::index(direction)];
        const std::uint64_t written = BIO_number_written(wire);
        if (written == seen) return;
        char* data = nullptr;
        const auto held = static_cast<std::size_t>(BIO_get_mem_data(wire, &data));
        const auto fresh = static_cast<std::size_t>(written - seen);
        require(fresh <= held, "read before it was seen");
        flights.push_back({direction, std::string(data + held - fresh, fresh)});
        seen = written;
    }
    static void read(SSL* ssl) {
        char buffer[16384];
        while (SSL_read(ssl, buffer, sizeof buffer) > 0) {
        }
    }
    void finish_early() {
        char buffer[64];
        std::size_t count = 0;
        SSL_do_handshake(client_.get());
        move(Direction::to_server);
        while (SSL_read_early_data(server_.get(), buffer, sizeof buffer, &count) ==
               SSL_READ_EARLY_DATA_SUCCESS) {
        }
    }

    Owned<SSL, SSL_free> client_, server_;
    BIO* from_client_ = nullptr;
    BIO* from_server_ = nullptr;
    std::size_t seen_[2] = {};
    bool early_read_ = false;
};

}  // namespace umbratap::tls::test
