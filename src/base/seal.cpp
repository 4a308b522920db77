// Blocks under a key that is nowhere else.
#include "base/seal.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstdlib>

namespace umbratap {

struct Seal::State {
    EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
    ~State() { EVP_CIPHER_CTX_free(cipher); }
};

Seal::Key Seal::new_key() {
    Key key;
    if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) std::abort();
    return key;
}

Seal::Seal(const Key& key) : state_(std::make_unique<State>()) {
    if (state_->cipher == nullptr ||
        EVP_EncryptInit_ex(state_->cipher, EVP_aes_128_ecb(), nullptr, key.data(), nullptr) != 1)
        std::abort();  // out of memory
    EVP_CIPHER_CTX_set_padding(state_->cipher, 0);
}
Seal::~Seal() = default;
Seal::Seal(Seal&&) noexcept = default;
Seal& Seal::operator=(Seal&&) noexcept = default;

void Seal::apply(Bytes blocks, std::vector<std::uint8_t>& out) noexcept {
    out.resize(blocks.size());
    int written = 0;
    if (!blocks.empty() && EVP_EncryptUpdate(state_->cipher, out.data(), &written, blocks.data(),
                                             static_cast<int>(blocks.size())) != 1)
        std::abort();  // no length that is a number of blocks is refused
}

}  // namespace umbratap
