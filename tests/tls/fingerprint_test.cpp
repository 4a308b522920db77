#include "tls/fingerprint.h"

#include <doctest/doctest.h>

#include "tls/hello_bytes.h"

using namespace umbratap;
using namespace umbratap::tls;
using namespace umbratap::tls::test;

namespace {

ClientHello hello_of(std::string_view bytes) {
    ClientHello hello;
    CHECK(!decode(as_bytes(bytes), hello));
    return hello;
}

std::string alpn_part(const std::vector<std::string>& names) {
    ClientHello hello;
    hello.protocols = names;
    return ja4(hello, Transport::tcp).substr(8, 2);
}

}  // namespace

TEST_CASE("ja3: the examples of its description") {
    ClientHello hello;
    hello.legacy_version = 769;
    hello.cipher_suites = {47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4};
    hello.extensions = {0, 10, 11};
    hello.groups = {23, 24, 25};
    hello.point_formats = {0};
    CHECK(ja3_string(hello) ==
          "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0");
    CHECK(ja3(hello) == "ada70206e40642a3e4461f35503241d5");

    ClientHello bare;
    bare.legacy_version = 769;
    bare.cipher_suites = {4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99};
    CHECK(ja3_string(bare) == "769,4-5-10-9-100-98-3-6-19-18-99,,,");
    CHECK(ja3(bare) == "de350869b8c85de67a350c8d186f11e6");
}

TEST_CASE("ja3: GREASE is left out") {
    CHECK(ja3_string(hello_of(chrome())) ==
          "771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,"
          "27-0-51-16-17513-23-45-13-5-35-18-43-65281-11-10-21,29-23-24,0");
}

TEST_CASE("ja4: the example of its description") {
    CHECK(ja4(hello_of(chrome()), Transport::tcp) == "t13d1516h2_8daaf6152771_e5627efa2ab1");
    CHECK(ja4(hello_of(chrome()), Transport::quic) == "q13d1516h2_8daaf6152771_e5627efa2ab1");
}

TEST_CASE("ja4: without signature algorithms no underscore is hashed") {
    ClientHello hello = hello_of(chrome());
    hello.signature_algorithms.clear();
    CHECK(ja4(hello, Transport::tcp) == "t13d1516h2_8daaf6152771_6d807ffa2a79");
    hello.signature_algorithms = {0x0a0a};
    CHECK(ja4(hello, Transport::tcp) == "t13d1516h2_8daaf6152771_6d807ffa2a79");
}

TEST_CASE("ja4: of nothing the hash is zeros") {
    ClientHello hello;
    hello.legacy_version = 0x0303;
    CHECK(ja4(hello, Transport::tcp) == "t12i000000_000000000000_000000000000");
    hello.extensions = {0, 16};
    hello.has_server_name = true;
    CHECK(ja4(hello, Transport::tcp) == "t12d000200_000000000000_000000000000");
}

TEST_CASE("ja4: counts end at 99") {
    ClientHello hello;
    hello.cipher_suites.assign(100, 0x1301);
    hello.extensions.assign(99, 5);
    CHECK(ja4(hello, Transport::tcp).substr(0, 10) == "t00i999900");
}

TEST_CASE("ja4: versions") {
    const std::pair<std::uint16_t, std::string> codes[] = {
        {0x0304, "13"}, {0x0303, "12"}, {0x0302, "11"}, {0x0301, "10"},
        {0x0300, "s3"}, {0x0002, "s2"}, {0xfeff, "d1"}, {0x7f1c, "00"}};
    for (const auto& [version, code] : codes) {
        ClientHello hello;
        hello.legacy_version = version;
        CHECK(ja4(hello, Transport::tcp).substr(1, 2) == code);
    }
}

TEST_CASE("ja4: the ALPN part, in hexadecimal unless both ends are letters or digits") {
    CHECK(alpn_part({}) == "00");
    CHECK(alpn_part({""}) == "00");
    CHECK(alpn_part({"h2", "http/1.1"}) == "h2");
    CHECK(alpn_part({"http/1.1"}) == "h1");
    CHECK(alpn_part({"h"}) == "hh");
    CHECK(alpn_part({"\xab"}) == "ab");
    CHECK(alpn_part({"\xab\xcd"}) == "ad");
    CHECK(alpn_part({"\x30\xab"}) == "3b");
    CHECK(alpn_part({"\x30\x31\xab\xcd"}) == "3d");
    CHECK(alpn_part({"\x30\xab\xcd\x31"}) == "01");
}
