#include "tls/hmac.h"

#include <doctest/doctest.h>

#include <array>

#include "base/digest.h"

using namespace umbratap;
using namespace umbratap::tls;

namespace {

std::string hmac_hex(Hash hash, std::string_view key, std::string_view text) {
    std::array<std::uint8_t, hash_bytes_max> out{};
    const std::size_t half = text.size() / 2;
    CHECK(hmac(hash, as_bytes(key), {as_bytes(text.substr(0, half)), as_bytes(text.substr(half))},
               out.data()));
    return to_hex(Bytes(out.data(), hash_bytes(hash)));
}

}  // namespace

TEST_CASE("hmac: the second cases of RFC 2202 and RFC 4231") {
    const std::string_view text = "what do ya want for nothing?";
    CHECK(hmac_hex(Hash::md5, "Jefe", text) == "750c783e6ab0b503eaa86e310a5db738");
    CHECK(hmac_hex(Hash::sha1, "Jefe", text) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    CHECK(hmac_hex(Hash::sha256, "Jefe", text) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hmac_hex(Hash::sha384, "Jefe", text) ==
          "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
          "8e2240ca5e69e2c78b3239ecfab21649");
}

TEST_CASE("hmac: a digest of parts is that of the whole") {
    std::array<std::uint8_t, hash_bytes_max> out{};
    CHECK(digest(Hash::sha256, {as_bytes("a"), as_bytes(""), as_bytes("bc")}, out.data()));
    CHECK(to_hex(Bytes(out.data(), 32)) == to_hex(sha256(as_bytes("abc"))));
}

TEST_CASE("hmac: a key that no secret here has is refused") {
    std::array<std::uint8_t, hash_bytes_max> out{};
    CHECK(!hmac(Hash::sha256, as_bytes(std::string(65, 'k')), {}, out.data()));
}
