#include "tls/private_key.h"

#include <doctest/doctest.h>

#include <string>

#include "tls/real_connection.h"

using namespace umbratap;
using namespace umbratap::tls;
using namespace umbratap::tls::test;

namespace {

std::string refusal(std::string_view pem) {
    try {
        PrivateKey::from_pem(pem);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("private key: what is none is refused with a reason") {
    CHECK(refusal(Identity::of(false).pem()).empty());
    CHECK(refusal("") == "no private key in PEM form");
    CHECK(refusal("nonsense") == "no private key in PEM form");
    CHECK(refusal(Identity::of(true).pem()).starts_with("not an RSA key"));
    CHECK(refusal("-----BEGIN ENCRYPTED PRIVATE KEY-----\n").starts_with("the key is encrypted"));
}

TEST_CASE("private key: what was not encrypted to it is not 48 bytes, or random ones") {
    const PrivateKey key = PrivateKey::from_pem(Identity::of(false).pem());
    CHECK(!key.decrypt({}));
    CHECK(!key.decrypt(std::vector<std::uint8_t>(5000)));
    CHECK(!key.belongs_to({}));
}
