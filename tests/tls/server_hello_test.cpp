#include "tls/server_hello.h"

#include <doctest/doctest.h>

#include "tls/fingerprint.h"
#include "tls/hello_bytes.h"

using namespace umbratap;
using namespace umbratap::tls;
using namespace umbratap::tls::test;

namespace {

std::string server_hello(std::string_view extensions, std::string_view random = {}) {
    return number(0x0303, 2) + (random.empty() ? std::string(32, 'r') : std::string(random)) +
           vector_of("id", 1) + number(0xc02f, 2) + number(0, 1) + vector_of(extensions, 2);
}

}  // namespace

TEST_CASE("server hello: what it says is read") {
    ServerHello hello;
    const std::string bytes =
        server_hello(extension(43, number(0x0304, 2)) + alpn({"h2"}) + extension(22, "") +
                     extension(23, "") + extension(41, number(0, 2)) + extension(51, "key"));
    CHECK(!decode(as_bytes(bytes), hello));
    CHECK(hello.legacy_version == 0x0303);
    CHECK(hello.version == 0x0304);
    CHECK(hello.cipher_suite == 0xc02f);
    CHECK(hello.protocol == "h2");
    CHECK(hello.encrypt_then_mac);
    CHECK(hello.extended_master_secret);
    CHECK(hello.pre_shared_key);
    CHECK(!hello.retry_request);
    CHECK(hello.extensions.size() == 6);
    CHECK(ja3s(hello).size() == 32);
}

TEST_CASE("server hello: without extensions it is that of an older version") {
    std::string bytes = server_hello("");
    bytes.resize(bytes.size() - 2);
    ServerHello hello;
    CHECK(!decode(as_bytes(bytes), hello));
    CHECK(hello.version == 0x0303);
}

TEST_CASE("server hello: cut short anywhere it is a problem, except before its extensions") {
    const std::string whole = server_hello(alpn({"h2"}));
    const std::size_t bare = whole.size() - alpn({"h2"}).size() - 2;
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const std::vector<std::uint8_t> exact(whole.begin(),
                                              whole.begin() + static_cast<long>(length));
        ServerHello hello;
        CHECK((decode(exact, hello) == no_problem) == (length == bare));
    }
}

TEST_CASE("server hello: the random that asks for another hello") {
    std::string random;
    for (const int byte : {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                           0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                           0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c}) {
        random += static_cast<char>(byte);
    }
    ServerHello hello;
    CHECK(!decode(as_bytes(server_hello("", random)), hello));
    CHECK(hello.retry_request);
}

TEST_CASE("encrypted extensions: the protocol, and whether early data is taken") {
    EncryptedExtensions extensions;
    const std::string bytes = vector_of(alpn({"http/1.1"}) + extension(42, ""), 2);
    CHECK(!decode(as_bytes(bytes), extensions));
    CHECK(extensions.protocol == "http/1.1");
    CHECK(extensions.early_data);
    CHECK(decode(as_bytes(bytes.substr(0, 9)), extensions) ==
          Problem{"tls.bad_encrypted_extensions"});
}
