// HMAC over OpenSSL's digests.
//
//     H((key ^ outer) | H((key ^ inner) | text))
#include "tls/hmac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

namespace umbratap::tls {

namespace {

constexpr std::size_t block_bytes_max = 128;

std::size_t block_bytes(Hash hash) noexcept {
    return hash == Hash::sha384 ? 128 : 64;
}

/// Fetching takes longer than hashing a few bytes, hence it is done once.
const EVP_MD* algorithm(Hash hash) noexcept {
    static const std::array<const EVP_MD*, 4> algorithms = {
        EVP_MD_fetch(nullptr, "MD5", nullptr), EVP_MD_fetch(nullptr, "SHA1", nullptr),
        EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_fetch(nullptr, "SHA384", nullptr)};
    return algorithms[static_cast<std::size_t>(hash)];
}

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

EVP_MD_CTX* context_for(Hash hash) noexcept {
    thread_local std::array<std::unique_ptr<EVP_MD_CTX, FreeContext>, 4> contexts;
    auto& context = contexts[static_cast<std::size_t>(hash)];
    if (!context) context.reset(EVP_MD_CTX_new());
    return context.get();
}

/// The digest of `first` and all `parts` behind it.
bool digest_behind(Hash hash, Bytes first, std::initializer_list<Bytes> parts,
                   std::uint8_t* out) noexcept {
    EVP_MD_CTX* const context = context_for(hash);
    if (context == nullptr || algorithm(hash) == nullptr) return false;
    if (EVP_DigestInit_ex2(context, algorithm(hash), nullptr) != 1) return false;
    if (EVP_DigestUpdate(context, first.data(), first.size()) != 1) return false;
    for (const Bytes part : parts) {
        if (EVP_DigestUpdate(context, part.data(), part.size()) != 1) return false;
    }
    return EVP_DigestFinal_ex(context, out, nullptr) == 1;
}

}  // namespace

std::size_t hash_bytes(Hash hash) noexcept {
    static constexpr std::array<std::size_t, 4> sizes = {16, 20, 32, 48};
    return sizes[static_cast<std::size_t>(hash)];
}

bool digest(Hash hash, std::initializer_list<Bytes> parts, std::uint8_t* out) noexcept {
    return digest_behind(hash, {}, parts, out);
}

bool hmac(Hash hash, Bytes key, std::initializer_list<Bytes> parts, std::uint8_t* out) noexcept {
    if (key.size() > 64) return false;
    std::array<std::uint8_t, block_bytes_max> pad;
    const auto padded_key = [&](std::uint8_t with) {
        pad.fill(with);
        for (std::size_t i = 0; i < key.size(); ++i) pad[i] ^= key[i];
        return Bytes(pad.data(), block_bytes(hash));
    };
    std::array<std::uint8_t, hash_bytes_max> inner;
    bool done = digest_behind(hash, padded_key(0x36), parts, inner.data());
    done =
        done && digest_behind(hash, padded_key(0x5c), {Bytes(inner.data(), hash_bytes(hash))}, out);
    OPENSSL_cleanse(pad.data(), pad.size());
    return done;
}

}  // namespace umbratap::tls
