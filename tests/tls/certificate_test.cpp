#include "tls/certificate.h"

#include <doctest/doctest.h>
#include <openssl/x509.h>
#include <zlib.h>

#include "tls/hello_bytes.h"
#include "tls/real_connection.h"

using namespace umbratap;
using namespace umbratap::tls;
using namespace umbratap::tls::test;

namespace {

std::string der_of(bool ecdsa) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(Identity::of(ecdsa).certificate.get(), &der);
    const std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return out;
}

}  // namespace

TEST_CASE("certificate: names, issuer and key are read") {
    for (const bool ecdsa : {false, true}) {
        const std::string der = der_of(ecdsa);
        Certificate certificate;
        CHECK(!decode(as_bytes(der), certificate));
        CHECK(certificate.subject == "Server Example");
        CHECK(certificate.issuer == "Server Example");
        CHECK(certificate.names ==
              std::vector<std::string>{"server.example", "*.server.example", "10.0.0.7"});
        unsigned char* key = nullptr;
        const int size = i2d_PUBKEY(Identity::of(ecdsa).key.get(), &key);
        CHECK(as_text(certificate.public_key) ==
              std::string_view(reinterpret_cast<char*>(key), static_cast<std::size_t>(size)));
        OPENSSL_free(key);
    }
}

TEST_CASE("certificate: cut short, or with any byte changed, it is read without harm") {
    const std::string der = der_of(true);
    for (std::size_t length = 0; length < der.size(); ++length) {
        const std::vector<std::uint8_t> exact(der.begin(), der.begin() + static_cast<long>(length));
        Certificate certificate;
        CHECK(decode(exact, certificate) == Problem{"tls.bad_certificate"});
    }
    for (std::size_t at = 0; at < der.size(); ++at) {
        std::vector<std::uint8_t> exact(der.begin(), der.end());
        exact[at] ^= 0xff;
        Certificate certificate;
        decode(exact, certificate);
        CHECK(certificate.names.size() <= 3);
    }
}

TEST_CASE("certificate: the first of a message, in both forms") {
    const std::string certificates = vector_of("first", 3) + vector_of("second", 3);
    CHECK(as_text(first_certificate(as_bytes(vector_of(certificates, 3)), false)) == "first");
    const std::string with_extensions = vector_of("first", 3) + vector_of("", 2);
    CHECK(as_text(first_certificate(as_bytes(vector_of("", 1) + vector_of(with_extensions, 3)),
                                    true)) == "first");
    CHECK(first_certificate({}, false).empty());
    CHECK(first_certificate(as_bytes(vector_of("", 3)), false).empty());
}

TEST_CASE("certificate: compressed, up to a limit") {
    const std::string text(2000, 'c');
    std::string packed(compressBound(2000), '\0');
    uLongf size = packed.size();
    compress(reinterpret_cast<Bytef*>(packed.data()), &size,
             reinterpret_cast<const Bytef*>(text.data()), 2000);
    packed.resize(size);
    const auto message = [&](std::size_t algorithm, std::size_t length) {
        return number(algorithm, 2) + number(length, 3) + vector_of(packed, 3);
    };
    const auto inflated = [](const std::string& body, std::size_t bytes_max) {
        return std::string(as_text(decompress_certificate(as_bytes(body), bytes_max)));
    };
    CHECK(inflated(message(1, 2000), 4000) == text);
    CHECK(inflated(message(1, 2000), 1999).empty());
    CHECK(inflated(message(1, 2001), 4000).empty());
    CHECK(inflated(message(2, 2000), 4000).empty());
    CHECK(inflated(message(9, 2000), 4000).empty());
    CHECK(inflated("", 4000).empty());
}
