#include "tls/cipher.h"

#include <doctest/doctest.h>

#include <array>
#include <numeric>
#include <vector>

#include "support/packet_builder.h"

using namespace umbratap;
using namespace umbratap::tls;
using umbratap::test::from_hex;

namespace {

/// The client's application data in RFC 8448, 3: fifty bytes that count.
const auto record_bytes = from_hex(
    "17 03 03 00 43 a2 3f 70 54 b6 2c 94 d0 af fa fe 82 28 ba 55 cb ef ac ea 42 f9 14 aa 66 bc ab"
    "3f 2b 98 19 a8 a5 b4 6b 39 5b d5 4a 9a 20 44 1e 2b 62 97 4e 1f 5a 62 92 a2 97 70 14 bd 1e 3d"
    "ea e6 3a ee bb 21 69 49 15 e4");

Protection protection() {
    const Suite suite = find_suite(0x1301);
    const auto secret =
        Secret::of(from_hex("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"));
    return *Protection::make(tls_1_3, suite, false, *traffic_keys(suite, *secret));
}

}  // namespace

TEST_CASE("cipher: a record of RFC 8448 is opened, as the first and as no other") {
    std::vector<std::uint8_t> out(record_bytes.size()), wanted(50);
    std::iota(wanted.begin(), wanted.end(), std::uint8_t{0});
    Protection opener = protection();
    const Record record{record_bytes};
    CHECK(!opener.open(record, 1, out.data()));
    const auto opened = opener.open(record, 0, out.data());
    REQUIRE(opened);
    CHECK(opened->type == record_type::application_data);
    CHECK(std::vector<std::uint8_t>(opened->content.begin(), opened->content.end()) == wanted);
    CHECK(opener.overhead_bytes() == 5 + 16 + 1);
    CHECK(!opener.nonce_distance(record));
}

TEST_CASE("cipher: with any bit changed there is nothing") {
    std::vector<std::uint8_t> out(record_bytes.size());
    Protection opener = protection();
    for (std::size_t bit = 0; bit < 8 * record_bytes.size(); ++bit) {
        auto changed = record_bytes;
        changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << bit % 8));
        CHECK(!opener.open(Record{changed}, 0, out.data()));
    }
    CHECK(opener.open(Record{record_bytes}, 0, out.data()));
}

TEST_CASE("cipher: records too short for anything are refused by all of them") {
    std::vector<std::uint8_t> out(256);
    for (const std::uint16_t number : {0x1301, 0x1304, 0x009c, 0xcca8, 0xc09c, 0x002f, 0x0002}) {
        const Suite suite = find_suite(number);
        REQUIRE(suite.openable);
        for (const bool encrypt_then_mac : {false, true}) {
            auto opener = Protection::make(suite.tls13 ? tls_1_3 : tls_1_2, suite, encrypt_then_mac,
                                           TrafficKeys());
            REQUIRE(opener);
            for (std::size_t length = 0; length < 80; ++length) {
                std::vector<std::uint8_t> bytes = {23, 3, 3, 0, static_cast<std::uint8_t>(length)};
                bytes.resize(5 + length);
                CHECK(!opener->open(Record{bytes}, 0, out.data()));
            }
        }
    }
}
