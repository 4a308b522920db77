// What a handshake settled that keys depend on, and the master secrets that may have come of it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "tls/client_hello.h"
#include "tls/key_schedule.h"
#include "tls/secrets.h"
#include "tls/server_hello.h"
#include "tls/suite.h"

namespace umbratap::tls {

class Exchange {
public:
    explicit Exchange(Budget& budget) noexcept : transcript_(budget) {}

    /// A (second or later) hello begins a handshake anew.
    void take(const ClientHello& hello) noexcept;
    void take(const ServerHello& hello) noexcept;
    /// What the server's key is (SubjectPublicKeyInfo).
    void take_public_key(Bytes key, const Secrets& secrets) noexcept;
    /// The body of a ClientKeyExchange.
    void take_client_key_exchange(Bytes body) noexcept;
    /// The server will not take the early data, or asks for another hello.
    void refuse_early_data() noexcept { early_data_refused_ = true; }
    /// Every message of a handshake of TLS 1.2 or before goes here, since the extended master
    /// secret is bound to all of them.
    void record_message(Bytes message, std::size_t bytes_max) noexcept;
    /// Messages are to be recorded still.
    bool wants_messages() const noexcept;

    bool has_client() const noexcept { return has_client_; }
    bool has_server() const noexcept { return version_ != 0; }
    bool is_tls13() const noexcept { return version_ >= tls_1_3; }
    /// TLS 1.3, or it may yet become so.
    bool may_be_tls13() const noexcept {
        return has_server() ? is_tls13() : has_client_ && offered_tls13_ != 0;
    }
    std::uint16_t version() const noexcept { return version_; }
    const Suite& suite() const noexcept { return suite_; }
    bool encrypt_then_mac() const noexcept { return encrypt_then_mac_; }
    bool early_data() const noexcept { return early_data_; }
    bool early_data_refused() const noexcept { return early_data_refused_; }
    const Random& client_random() const noexcept { return client_random_; }
    /// The client's random as secrets are found by it.
    SecretId id() const noexcept { return SecretId::of(client_random_); }
    /// Version and suite are ones that we can open, if only we had the keys.
    bool openable() const noexcept { return openable_; }
    /// TLS 1.3, whose ServerHello was not seen, with the suite that opened a record.
    void settle(const Suite& suite) noexcept;

    /// Suites of TLS 1.3 that a traffic secret may be for: the server's choice, or as long as that
    /// is unknown all that the client offered and whose hash is as long as the secret.
    struct Suites {
        std::array<std::uint16_t, 5> numbers{};
        std::uint8_t count = 0;
        const std::uint16_t* begin() const noexcept { return numbers.data(); }
        const std::uint16_t* end() const noexcept { return numbers.data() + count; }
    };
    Suites suites_for(const Secret& traffic_secret) const noexcept;

    /// Master secrets that this handshake may have had, the likeliest first.
    std::vector<Secret> masters(const Secrets& secrets) const;
    /// The keys of the client's direction and of the server's that follow from a master secret.
    std::optional<std::array<TrafficKeys, 2>> keys_of(const Secret& master) const noexcept {
        return key_block(version_, suite_, master, client_random_, server_random_);
    }
    /// A record proved this one right. It is kept for the other direction, and for sessions that
    /// resume this one.
    void prove(const Secret& master, Secrets& secrets);
    /// The server gave the client a ticket for this session (RFC 5077, 3.3).
    void take_ticket(Bytes body, Secrets& secrets);

private:
    std::optional<Secret> master_of(Bytes premaster) const noexcept;
    void add_found(Label label, const SecretId& id, const Secrets& secrets,
                   std::vector<Secret>& out) const;

    Random client_random_{}, server_random_{};
    SecretId client_session_, server_session_;
    SecretId ticket_;      // that the client wants to resume with: its digest
    SecretId new_ticket_;  // that the server gave, before it was proved
    std::uint16_t version_ = 0;
    Suite suite_;
    std::uint8_t offered_tls13_ = 0;  // bit n: suite 0x1300 + n
    bool has_client_ = false;
    bool openable_ = false;
    bool encrypt_then_mac_ = false, extended_master_ = false;
    bool early_data_ = false, early_data_refused_ = false;
    const PrivateKey* private_key_ = nullptr;
    Buffer transcript_;
    bool transcript_ended_ = false;
    std::array<std::uint8_t, hash_bytes_max> session_hash_{};
    std::uint8_t session_hash_bytes_ = 0;
    SecretId premaster_id_;  // the beginning of the encrypted pre-master secret
    Secret premaster_;       // decrypted with a private key
    Secret proved_;
};

}  // namespace umbratap::tls
