// OpenSSL's digests. Fetching an algorithm takes longer than hashing a few bytes, hence it is
// fetched once.
#include "base/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cassert>
#include <new>
#include <stdexcept>

namespace umbratap {

namespace {

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

Context make_context() {
    Context context(EVP_MD_CTX_new());
    if (!context) throw std::bad_alloc();
    return context;
}

const EVP_MD* fetch(const char* name) {
    const EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, nullptr);
    if (algorithm == nullptr) throw std::runtime_error(std::string("OpenSSL has no ") + name);
    return algorithm;
}

const EVP_MD* sha1_algorithm() {
    static const EVP_MD* const algorithm = fetch("SHA1");
    return algorithm;
}

const EVP_MD* sha256_algorithm() {
    static const EVP_MD* const algorithm = fetch("SHA256");
    return algorithm;
}

template <std::size_t size>
std::array<std::uint8_t, size> digest(const EVP_MD* algorithm, Bytes data) {
    thread_local const Context context = make_context();
    std::array<std::uint8_t, size> out{};
    const bool done = EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1 &&
                      EVP_DigestUpdate(context.get(), data.data(), data.size()) == 1 &&
                      EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1;
    assert(done);
    return out;
}

}  // namespace

std::array<std::uint8_t, 20> sha1(Bytes data) {
    return digest<20>(sha1_algorithm(), data);
}

std::array<std::uint8_t, 32> sha256(Bytes data) {
    return digest<32>(sha256_algorithm(), data);
}

struct Sha256::State {
    Context context = make_context();
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
    const bool done = EVP_DigestInit_ex2(state_->context.get(), sha256_algorithm(), nullptr) == 1;
    assert(done);
}

Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::add(Bytes data) noexcept {
    const bool done = EVP_DigestUpdate(state_->context.get(), data.data(), data.size()) == 1;
    assert(done);
}

std::array<std::uint8_t, 32> Sha256::finish() noexcept {
    std::array<std::uint8_t, 32> out{};
    const bool done = EVP_DigestFinal_ex(state_->context.get(), out.data(), nullptr) == 1;
    assert(done);
    return out;
}

std::string to_hex(Bytes data) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(2 * data.size());
    for (const std::uint8_t byte : data) {
        text += digits[byte >> 4];
        text += digits[byte & 0x0f];
    }
    return text;
}

std::string to_base64(Bytes data) {
    static constexpr char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((data.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < data.size(); at += 3) {
        const std::size_t count = std::min<std::size_t>(3, data.size() - at);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) group = group << 8 | (i < count ? data[at + i] : 0U);
        for (std::size_t i = 0; i < 4; ++i)
            text += i <= count ? digits[group >> (18 - 6 * i) & 63] : '=';
    }
    return text;
}

}  // namespace umbratap
