// From secrets to keys.
#include "tls/key_schedule.h"

#include <algorithm>

namespace umbratap::tls {

namespace {

/// A secret intermediate of a fixed size, wiped when it dies.
template <std::size_t size>
struct Scratch {
    std::array<std::uint8_t, size> bytes;
    ~Scratch() { OPENSSL_cleanse(bytes.data(), size); }
};

/// P_hash (RFC 5246, 5), XORed into `out`.
bool mix_p_hash(Hash hash, Bytes secret, std::initializer_list<Bytes> seed,
                std::span<std::uint8_t> out) noexcept {
    const Bytes label = seed.begin()[0], first = seed.begin()[1], second = seed.begin()[2];
    const std::size_t size = hash_bytes(hash);
    Scratch<hash_bytes_max> chain, block;
    bool done = hmac(hash, secret, {label, first, second}, chain.bytes.data());
    for (std::size_t at = 0; done && at < out.size(); at += size) {
        const Bytes link(chain.bytes.data(), size);
        done = hmac(hash, secret, {link, label, first, second}, block.bytes.data());
        const std::size_t count = std::min(size, out.size() - at);
        for (std::size_t i = 0; i < count; ++i) out[at + i] ^= block.bytes[i];
        done = done && hmac(hash, secret, {link}, chain.bytes.data());
    }
    return done;
}

}  // namespace

TrafficKeys::~TrafficKeys() {
    OPENSSL_cleanse(key.data(), key.size());
    OPENSSL_cleanse(iv.data(), iv.size());
    OPENSSL_cleanse(mac.data(), mac.size());
}

bool expand_label(Hash hash, Bytes secret, std::string_view label, Bytes context,
                  std::span<std::uint8_t> out) noexcept {
    static constexpr std::string_view prefix = "tls13 ";
    const std::array<std::uint8_t, 2> length = {static_cast<std::uint8_t>(out.size() >> 8),
                                                static_cast<std::uint8_t>(out.size())};
    const auto label_length = static_cast<std::uint8_t>(prefix.size() + label.size());
    const auto context_length = static_cast<std::uint8_t>(context.size());
    const std::size_t size = hash_bytes(hash);
    Scratch<hash_bytes_max> block;
    std::size_t block_size = 0;
    for (std::size_t at = 0; at < out.size(); at += size) {  // HKDF-Expand (RFC 5869, 2.3)
        const auto counter = static_cast<std::uint8_t>(at / size + 1);
        if (!hmac(hash, secret,
                  {Bytes(block.bytes.data(), block_size), length, Bytes(&label_length, 1),
                   as_bytes(prefix), as_bytes(label), Bytes(&context_length, 1), context,
                   Bytes(&counter, 1)},
                  block.bytes.data())) {
            return false;
        }
        block_size = size;
        std::copy_n(block.bytes.begin(), std::min(size, out.size() - at),
                    out.begin() + static_cast<std::ptrdiff_t>(at));
    }
    return true;
}

std::optional<TrafficKeys> traffic_keys(const Suite& suite, const Secret& secret) noexcept {
    TrafficKeys keys;
    const std::span<std::uint8_t> key(keys.key.data(), suite.key_bytes);
    const std::span<std::uint8_t> iv(keys.iv.data(), suite.fixed_iv_bytes);
    if (!expand_label(suite.hash, secret.bytes(), "key", {}, key)) return std::nullopt;
    if (!expand_label(suite.hash, secret.bytes(), "iv", {}, iv)) return std::nullopt;
    return keys;
}

std::optional<Secret> next_traffic_secret(Hash hash, const Secret& secret) noexcept {
    Secret next(secret.size());
    if (!expand_label(hash, secret.bytes(), "traffic upd", {}, next.writable()))
        return std::nullopt;
    return next;
}

bool expand_prf(std::uint16_t version, Hash hash, Bytes secret, std::string_view label,
                Bytes first_seed, Bytes second_seed, std::span<std::uint8_t> out) noexcept {
    std::fill(out.begin(), out.end(), std::uint8_t{0});
    const std::initializer_list<Bytes> seed = {as_bytes(label), first_seed, second_seed};
    if (version >= tls_1_2) return mix_p_hash(hash, secret, seed, out);
    // RFC 2246, 5: the halves share the middle byte if there is one.
    const std::size_t half = (secret.size() + 1) / 2;
    return mix_p_hash(Hash::md5, secret.first(half), seed, out) &&
           mix_p_hash(Hash::sha1, secret.last(half), seed, out);
}

std::optional<Secret> master_secret(const MasterSeeds& seeds, Bytes premaster) noexcept {
    Secret master(48);
    const bool extended = !seeds.session_hash.empty();
    const bool done =
        extended ? expand_prf(seeds.version, seeds.hash, premaster, "extended master secret",
                              seeds.session_hash, {}, master.writable())
                 : expand_prf(seeds.version, seeds.hash, premaster, "master secret",
                              seeds.client_random, seeds.server_random, master.writable());
    if (!done) return std::nullopt;
    return master;
}

std::optional<std::array<TrafficKeys, 2>> key_block(std::uint16_t version, const Suite& suite,
                                                    const Secret& master,
                                                    const Random& client_random,
                                                    const Random& server_random) noexcept {
    const std::size_t mac_bytes = suite.mode == Mode::aead ? 0 : hash_bytes(suite.mac);
    // From TLS 1.1 on the IV of CBC stands in each record.
    const std::size_t iv_bytes = suite.mode == Mode::aead ? suite.fixed_iv_bytes
                                 : version <= tls_1_0     ? suite.block_bytes
                                                          : 0;
    Scratch<2 * (hash_bytes_max + 32 + 16)> block;
    const std::span<std::uint8_t> all(block.bytes.data(),
                                      2 * (mac_bytes + suite.key_bytes + iv_bytes));
    if (!expand_prf(version, suite.hash, master.bytes(), "key expansion", server_random,
                    client_random, all)) {
        return std::nullopt;
    }
    std::array<TrafficKeys, 2> keys;
    const std::uint8_t* at = all.data();
    const auto take = [&at](std::size_t count, std::uint8_t* to) {
        std::copy_n(at, count, to);
        at += count;
    };
    for (TrafficKeys& side : keys) take(mac_bytes, side.mac.data());
    for (TrafficKeys& side : keys) take(suite.key_bytes, side.key.data());
    for (TrafficKeys& side : keys) take(iv_bytes, side.iv.data());
    return keys;
}

}  // namespace umbratap::tls
