#include "tls/suite.h"

#include <doctest/doctest.h>

using namespace umbratap::tls;

TEST_CASE("suite: parameters are read out of names") {
    const Suite gcm = find_suite(0x1302);
    CHECK(gcm.openable);
    CHECK(gcm.tls13);
    CHECK(gcm.cipher == Cipher::aes_256_gcm);
    CHECK(gcm.key_bytes == 32);
    CHECK(gcm.fixed_iv_bytes == 12);
    CHECK(gcm.hash == Hash::sha384);

    const Suite old = find_suite(0xc030);
    CHECK(!old.tls13);
    CHECK(old.fixed_iv_bytes == 4);
    CHECK(!old.rsa_exchange);
    CHECK(find_suite(0xcca8).fixed_iv_bytes == 12);

    const Suite cbc = find_suite(0x002f);
    CHECK(cbc.rsa_exchange);
    CHECK(cbc.mode == Mode::cbc);
    CHECK(cbc.block_bytes == 16);
    CHECK(cbc.mac == Hash::sha1);
    CHECK(cbc.hash == Hash::sha256);
    CHECK(find_suite(0xc028).mac == Hash::sha384);

    CHECK(find_suite(0x1305).tag_bytes == 8);
    CHECK(find_suite(0xc0ae).tag_bytes == 8);
    CHECK(find_suite(0xc0ac).tag_bytes == 16);
}

TEST_CASE("suite: what cannot be opened has its name all the same") {
    for (const std::uint16_t number : {0x0005, 0x0007, 0x0096, 0x0000, 0xc0b4, 0xc08a, 0x1306}) {
        CHECK(!find_suite(number).openable);
    }
    CHECK(suite_name(0x0005) == "TLS_RSA_WITH_RC4_128_SHA");
    CHECK(suite_name(0x1301) == "TLS_AES_128_GCM_SHA256");
    CHECK(suite_name(0xabcd) == "0xabcd");
    CHECK(!find_suite(0xabcd).openable);
}
