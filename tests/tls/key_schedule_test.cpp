#include "tls/key_schedule.h"

#include <doctest/doctest.h>

#include <vector>

#include "base/digest.h"
#include "support/packet_builder.h"

using namespace umbratap;
using namespace umbratap::tls;
using umbratap::test::from_hex;

namespace {

Secret secret_of(std::string_view hex) {
    return *Secret::of(from_hex(hex));
}

std::string keys_of(std::string_view secret) {
    const Suite suite = find_suite(0x1301);
    const auto keys = traffic_keys(suite, secret_of(secret));
    return to_hex(Bytes(keys->key.data(), 16)) + " " + to_hex(Bytes(keys->iv.data(), 12));
}

std::string prf(std::uint16_t version, Hash hash, std::string_view secret, std::string_view seed,
                std::size_t bytes) {
    std::vector<std::uint8_t> out(bytes);
    CHECK(expand_prf(version, hash, from_hex(secret), "test label", from_hex(seed), {}, out));
    return to_hex(out);
}

}  // namespace

TEST_CASE("key schedule: traffic keys of the handshake of RFC 8448, 3") {
    CHECK(keys_of("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21") ==
          "dbfaa693d1762c5b666af5d950258d01 5bd3c71b836e0b76bb73265f");
    CHECK(keys_of("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38") ==
          "3fce516009c21727d0f2e4e86ee403bc 5d313eb2671276ee13000b30");
    CHECK(keys_of("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5") ==
          "17422dda596ed5d9acd890e3c63f5051 5b78923dee08579033e523d9");
    CHECK(keys_of("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643") ==
          "9f02283b6c9c07efc26bb9f2ac92e356 cf782b88dd83549aadf1e984");
}

TEST_CASE("key schedule: the PRF of TLS 1.2 with SHA-256 and SHA-384") {
    CHECK(prf(tls_1_2, Hash::sha256, "9bbe436ba940f017b17652849a71db35",
              "a0ba9f936cda311827a6f796ffd5198c", 100) ==
          "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e"
          "14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5"
          "a72e5a5110fff70187347b66");
    CHECK(prf(tls_1_2, Hash::sha384, "b80b733d6ceefcdc71566ea48e5567df",
              "cd665cf6a8447dd6ff8b27555edb7465", 148) ==
          "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b123"
          "3c9146a0e534cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd"
          "4abfdad05d9184259b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a2"
          "6854308d5eaa3be85e0990703d73e56f");
}

TEST_CASE("key schedule: that of TLS 1.0 is MD5 and SHA-1 of the halves, mixed") {
    std::vector<std::uint8_t> out(20), other(20);
    const auto secret = from_hex("00 01 02 03 04");
    CHECK(expand_prf(tls_1_0, Hash::sha256, secret, "label", as_bytes("seed"), {}, out));
    CHECK(expand_prf(tls_1_1, Hash::sha384, secret, "label", as_bytes("seed"), {}, other));
    CHECK(out == other);
    // P_MD5("00 01 02") ^ P_SHA1("02 03 04"), by hand: A(1) = HMAC(seed), block = HMAC(A(1) seed)
    std::vector<std::uint8_t> wanted(20), a(20), block(20);
    for (const Hash hash : {Hash::md5, Hash::sha1}) {
        const Bytes half = hash == Hash::md5 ? Bytes(secret).first(3) : Bytes(secret).last(3);
        const Bytes seed = as_bytes("labelseed");
        const std::size_t size = hash_bytes(hash);
        hmac(hash, half, {seed}, a.data());
        for (std::size_t at = 0; at < 20; at += size) {
            hmac(hash, half, {Bytes(a).first(size), seed}, block.data());
            for (std::size_t i = 0; i < size && at + i < 20; ++i) wanted[at + i] ^= block[i];
            const std::vector<std::uint8_t> previous(a.begin(),
                                                     a.begin() + static_cast<long>(size));
            hmac(hash, half, {previous}, a.data());
        }
    }
    CHECK(out == wanted);
}

TEST_CASE("key schedule: a secret is updated to one of its own length") {
    const Secret secret =
        secret_of("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");
    const auto next = next_traffic_secret(Hash::sha256, secret);
    CHECK(next->size() == 32);
    CHECK(!(*next == secret));
    CHECK(!Secret::of(std::vector<std::uint8_t>(49)));
}
