// The secrets that we were given: by key logs, by pcapng Decryption Secrets Blocks, as RSA private
// keys; and those that sessions worked out of them.
//
// One per worker, so that nothing is locked against others. The memory is locked against swapping
// and dumps where the system lets us, and wiped; nothing is ever printed.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "tls/key_log.h"
#include "tls/locked_array.h"
#include "tls/private_key.h"
#include "tls/secret.h"

namespace umbratap::tls {

struct SecretsLimits {
    std::uint32_t secrets_max =
        256 * 1024;  ///< the oldest goes for a new one; about 200 bytes each
};

struct SecretsCounts {
    std::uint64_t good = 0;  ///< lines with a secret that was new, or that we have no use for
    std::uint64_t bad = 0;   ///< lines that are none (comments and blank lines are not counted)
    std::uint64_t duplicate = 0;  ///< lines with a secret that was known
    std::uint64_t evicted = 0;    ///< secrets that went for newer ones
    std::uint64_t late = 0;       ///< connections given up before their secrets came
};

class Secrets {
public:
    explicit Secrets(const SecretsLimits& limits = {}) noexcept : limits_(limits) {}

    static constexpr std::size_t candidates_max = 4;
    /// Secrets under one name, in the order of their coming. They live until the next add.
    struct Candidates {
        std::array<const Secret*, candidates_max> secrets{};
        std::uint8_t count = 0;
        const Secret* const* begin() const noexcept { return secrets.data(); }
        const Secret* const* end() const noexcept { return secrets.data() + count; }
    };

    /// Takes whole lines; a last line without an end is taken as whole.
    void add(std::string_view key_log_text);
    /// Takes a secret that was worked out, to be found by later connections.
    void add(Label label, const SecretId& id, const Secret& secret);
    /// Throws std::runtime_error that says what is wrong with it.
    void add_private_key(std::string_view pem) {
        private_keys_.push_back(PrivateKey::from_pem(pem));
    }
    /// A connection was given up for want of a secret of that name. If one comes later, `late`
    /// counts it. The last `missed_max` are remembered.
    void note_missed(const SecretId& id);
    static constexpr std::size_t missed_max = 4096;
    /// More may come: a key log is followed. Then records wait for their keys.
    void expect_more(bool expected) noexcept { more_expected_ = expected; }

    Candidates find(Label label, const SecretId& id) const noexcept;
    /// The key of the certificate with this SubjectPublicKeyInfo.
    const PrivateKey* find_private_key(Bytes public_key) const noexcept;

    bool more_expected() const noexcept { return more_expected_; }
    /// No key of any kind was ever there.
    bool empty() const noexcept { return slots_.size() == 0 && private_keys_.empty(); }
    bool has_private_keys() const noexcept { return !private_keys_.empty(); }
    /// Grows with each secret that comes: what was not found need not be sought again before.
    std::uint64_t generation() const noexcept { return generation_; }
    std::size_t size() const noexcept { return slots_.size(); }
    /// Memory of the secrets and their names, about.
    std::uint64_t bytes() const noexcept {
        return slots_.size() * (sizeof(Slot) + sizeof(Index::value_type));
    }
    const SecretsCounts& counts() const noexcept { return counts_; }
    /// False if the system refused to lock the memory of some of them.
    bool locked() const noexcept { return slots_.locked(); }

private:
    struct Name {
        Label label;
        SecretId id;
        friend auto operator<=>(const Name&, const Name&) noexcept = default;
    };
    struct Places {
        std::array<std::uint32_t, candidates_max> slots{};
        std::uint8_t count = 0;
    };
    struct Slot;
    using Index = std::map<Name, Places>;  // not hashed: who chooses randoms chooses names
    struct Slot {
        Index::iterator name;
        Secret secret;
    };

    void add_line(std::string_view line);
    void forget_missed(const SecretId& id);
    bool insert(const Name& name, const Secret& secret);
    std::optional<std::uint32_t> take_slot(Index::iterator name, const Secret& secret);

    SecretsLimits limits_;
    SecretsCounts counts_;
    LockedArray<Slot> slots_;
    std::uint32_t oldest_ = 0;  // of the slots, once there are `secrets_max`
    Index index_;
    std::deque<PrivateKey> private_keys_;  // they never move
    std::set<SecretId> missed_;
    std::deque<SecretId> missed_order_;  // the same, the oldest first
    std::uint64_t generation_ = 0;
    bool more_expected_ = false;
};

}  // namespace umbratap::tls
