// Takes the protection off records of one direction under one key: AEAD, CBC with its MAC, or a MAC
// alone. The only place that speaks to OpenSSL's ciphers.
//
//     TLS 1.3        header | content, type, zeros: enciphered | tag      RFC 8446, 5.2
//     AEAD           header | explicit nonce | content: enciphered | tag  RFC 5246, 6.2.3.3
//     CBC            header | IV | content, MAC, padding: enciphered      RFC 5246, 6.2.3.2
//     CBC, RFC 7366  header | IV | content, padding: enciphered | MAC
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "tls/key_schedule.h"
#include "tls/record.h"
#include "tls/suite.h"

namespace umbratap::tls {

class Protection {
public:
    /// Nothing if OpenSSL refuses (no memory, or FIPS rules forbid the cipher).
    static std::optional<Protection> make(std::uint16_t version, const Suite& suite,
                                          bool encrypt_then_mac, const TrafficKeys& keys) noexcept;
    ~Protection();
    Protection(Protection&&) noexcept;
    Protection& operator=(Protection&&) noexcept;

    struct Opened {
        Bytes content;
        std::uint8_t type = 0;  ///< a `record_type`
    };
    /// Opens the record that is the `sequence`th under this key, into `out`, which has room for
    /// its body. Nothing if its tag or MAC is not right, whatever else may be wrong with it.
    std::optional<Opened> open(const Record& record, std::uint64_t sequence,
                               std::uint8_t* out) noexcept;

    /// What a record has beside its content, header included; the least of it for CBC.
    std::size_t overhead_bytes() const noexcept;
    /// How many records lie between this one and the last that was opened, by its explicit nonce:
    /// a guess, since a sender may choose nonces as it likes. Nothing where there is none.
    std::optional<std::uint64_t> nonce_distance(const Record& record) const noexcept;
    /// The first record after bytes that were lost needs nothing of them.
    bool stands_alone() const noexcept { return mode_ != Mode::cbc || explicit_bytes_ > 0; }

private:
    Protection() = default;
    std::optional<Opened> open_aead(const Record& record, std::uint64_t sequence,
                                    std::uint8_t* out) noexcept;
    std::optional<Opened> open_cbc(const Record& record, std::uint64_t sequence,
                                   std::uint8_t* out) noexcept;
    std::optional<Opened> open_bare(const Record& record, std::uint64_t sequence,
                                    std::uint8_t* out) noexcept;
    bool decipher_aead(const std::uint8_t* nonce, Bytes additional, Bytes enciphered, Bytes tag,
                       std::uint8_t* out) noexcept;
    bool right_mac(const Record& record, std::uint64_t sequence, Bytes covered,
                   Bytes mac) const noexcept;

    struct FreeContext {
        void operator()(EVP_CIPHER_CTX* context) const noexcept;
    };
    std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context_;  // has the key
    std::unique_ptr<Secret> mac_key_;                       // where there is a MAC
    std::array<std::uint8_t, 16> iv_{};
    std::uint64_t last_nonce_ = 0;
    Mode mode_ = Mode::none;
    Hash mac_ = Hash::sha1;
    bool tls13_ = false;
    bool encrypt_then_mac_ = false;
    bool length_first_ = false;  // CCM wants to know it before all else
    std::uint8_t block_bytes_ = 0;
    std::uint8_t explicit_bytes_ = 0;  // IV or part of the nonce in each record
    std::uint8_t tag_bytes_ = 0;
};

}  // namespace umbratap::tls
