// QUIC packets with a long header.
//
//     first byte | version 4 | 1+DCID | 1+SCID | token n+… | length n | packet number | payload
//     │││└ the last four bits are protected               └ Initial only               └ tag 16
//     │└┴ fixed bit, then type
//     └ long header
#include "tls/quic_packet.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cassert>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "tls/hmac.h"
#include "tls/key_schedule.h"
#include "tls/varint.h"

namespace umbratap::tls {

namespace {

constexpr std::uint32_t version_1 = 1, version_2 = 0x6b3343cf;
constexpr std::uint32_t draft_29 = 0xff00001d, draft_32 = 0xff000020, draft_34 = 0xff000022;
constexpr std::size_t tag_bytes = 16, sample_bytes = 16, number_bytes_max = 4;

using Salt = std::array<std::uint8_t, 20>;
using Digest = std::array<std::uint8_t, 32>;

/// How versions differ.
struct Flavour {
    std::uint32_t first, last;       // versions
    std::uint8_t initial, retry;     // types
    Salt salt;                       // of the Initial secret
    std::string_view key, iv, mask;  // labels
};

constexpr Salt salt_1 = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                         0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
constexpr Salt salt_2 = {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
                         0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9};
constexpr Salt salt_of_drafts = {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
                                 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99};
constexpr std::array<Flavour, 4> flavours = {{
    {version_1, version_1, 0, 3, salt_1, "quic key", "quic iv", "quic hp"},
    {version_2, version_2, 1, 0, salt_2, "quicv2 key", "quicv2 iv", "quicv2 hp"},
    {draft_29, draft_32, 0, 3, salt_of_drafts, "quic key", "quic iv", "quic hp"},
    {draft_32 + 1, draft_34, 0, 3, salt_1, "quic key", "quic iv", "quic hp"},
}};

const Flavour* flavour_of(std::uint32_t version) noexcept {
    const auto* found = std::find_if(flavours.begin(), flavours.end(), [&](const Flavour& one) {
        return version >= one.first && version <= one.last;
    });
    return found == flavours.end() ? nullptr : found;
}

/// A length in one byte, then as many bytes.
std::optional<Bytes> take_connection_id(Bytes& rest) noexcept {
    if (rest.empty() || rest[0] > QuicConnectionId::bytes_max) return {};
    const std::size_t size = rest[0];
    if (rest.size() < 1 + size) return {};
    const Bytes id = rest.subspan(1, size);
    rest = rest.subspan(1 + size);
    return id;
}

/// The first secret of a connection (RFC 9001, 5.2).
Digest initial_secret(const Salt& salt, Bytes destination) noexcept {
    Digest digest{};
    const bool done = hmac(Hash::sha256, salt, {destination}, digest.data());
    assert(done);
    return digest;
}

template <std::size_t size>
std::array<std::uint8_t, size> expand(const Digest& secret, std::string_view label) noexcept {
    std::array<std::uint8_t, size> out{};
    const bool done = expand_label(Hash::sha256, secret, label, {}, out);
    assert(done);
    return out;
}

struct FreeContext {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

Context make_context() {
    Context context(EVP_CIPHER_CTX_new());
    if (!context) throw std::bad_alloc();
    return context;
}

/// What the protected bits of a header are masked with (RFC 9001, 5.4.3).
std::array<std::uint8_t, 16> mask_of(Bytes header_key, Bytes sample) noexcept {
    static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr);
    thread_local const Context context = make_context();
    std::array<std::uint8_t, 16> mask{};
    int size = 0;
    const bool done =
        EVP_EncryptInit_ex2(context.get(), cipher, header_key.data(), nullptr, nullptr) == 1 &&
        EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1 &&
        EVP_EncryptUpdate(context.get(), mask.data(), &size, sample.data(), sample_bytes) == 1;
    assert(done);
    return mask;
}

/// The header that the tag covers comes in parts, since two of them are not as they were sent.
std::optional<Bytes> open_sealed(Bytes key, Bytes nonce, const std::array<Bytes, 3>& header,
                                 Bytes sealed) noexcept {
    static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
    thread_local const Context context = make_context();
    thread_local std::vector<std::uint8_t> plain;
    const Bytes text = sealed.first(sealed.size() - tag_bytes);
    const Bytes tag = sealed.last(tag_bytes);
    plain.resize(text.size());
    int size = 0;
    bool sound = EVP_DecryptInit_ex2(context.get(), cipher, key.data(), nonce.data(), nullptr) == 1;
    for (const Bytes part : header) {
        sound = sound && EVP_DecryptUpdate(context.get(), nullptr, &size, part.data(),
                                           static_cast<int>(part.size())) == 1;
    }
    sound = sound &&
            EVP_DecryptUpdate(context.get(), plain.data(), &size, text.data(),
                              static_cast<int>(text.size())) == 1 &&
            EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, tag_bytes,
                                const_cast<std::uint8_t*>(tag.data())) == 1 &&
            EVP_DecryptFinal_ex(context.get(), nullptr, &size) == 1;
    if (!sound) return {};
    return plain;
}

}  // namespace

bool looks_like_quic(Bytes datagram) noexcept {
    if (datagram.size() < 7 || (datagram[0] & 0xc0) != 0xc0) return false;
    const std::uint32_t version = big_endian_32(&datagram[1]);
    return version == version_1 || version == version_2 || version >> 8 == draft_29 >> 8;
}

std::optional<QuicPacket> take_quic_packet(Bytes& datagram) noexcept {
    if (!looks_like_quic(datagram)) return {};
    QuicPacket packet;
    packet.version = big_endian_32(&datagram[1]);
    const Flavour* flavour = flavour_of(packet.version);
    if (flavour == nullptr) return {};
    const std::uint8_t type = datagram[0] >> 4 & 3;
    packet.initial = type == flavour->initial;
    Bytes rest = datagram.subspan(5);
    const auto destination = take_connection_id(rest);
    if (!destination || !take_connection_id(rest)) return {};
    packet.destination = *destination;
    if (type == flavour->retry) {
        packet.whole = std::exchange(datagram, {});
        return packet;
    }
    if (packet.initial) {
        const auto token_bytes = take_varint(rest);
        if (!token_bytes || *token_bytes > rest.size()) return {};
        rest = rest.subspan(*token_bytes);
    }
    const auto length = take_varint(rest);
    if (!length || *length > rest.size()) return {};
    packet.number_at = datagram.size() - rest.size();
    packet.whole = datagram.first(packet.number_at + *length);
    datagram = datagram.subspan(packet.whole.size());
    return packet;
}

QuicInitialKeys::QuicInitialKeys(std::uint32_t version, Bytes destination) noexcept {
    const Flavour* flavour = flavour_of(version);
    assert(flavour != nullptr);
    const Digest initial = initial_secret(flavour->salt, destination);
    const Digest client = expand<sizeof(Digest)>(initial, "client in");
    key_ = expand<16>(client, flavour->key);
    iv_ = expand<12>(client, flavour->iv);
    header_key_ = expand<16>(client, flavour->mask);
}

std::optional<Bytes> QuicInitialKeys::open(const QuicPacket& packet) const noexcept {
    const Bytes masked = packet.whole.subspan(packet.number_at);
    if (masked.size() < number_bytes_max + sample_bytes) return {};
    const auto mask = mask_of(header_key_, masked.subspan(number_bytes_max));
    const auto first = static_cast<std::uint8_t>(packet.whole[0] ^ (mask[0] & 0x0f));
    const std::size_t number_bytes = (first & 3) + std::size_t{1};
    std::array<std::uint8_t, number_bytes_max> number{};
    std::array<std::uint8_t, 12> nonce = iv_;
    for (std::size_t i = 0; i < number_bytes; ++i) {
        number[i] = masked[i] ^ mask[1 + i];
        nonce[nonce.size() - number_bytes + i] ^= number[i];
    }
    const std::array<Bytes, 3> header = {Bytes(&first, 1),
                                         packet.whole.subspan(1, packet.number_at - 1),
                                         Bytes(number.data(), number_bytes)};
    return open_sealed(key_, nonce, header, masked.subspan(number_bytes));
}

}  // namespace umbratap::tls
