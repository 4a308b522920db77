#include "base/digest.h"

#include <doctest/doctest.h>

#include <string>

#include "support/every_cut.h"

using namespace umbratap;

TEST_CASE("digest: SHA-1 and SHA-256 agree with the vectors of FIPS 180-4") {
    CHECK(to_hex(sha1(as_bytes("abc"))) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(to_hex(sha1({})) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(to_hex(sha256(as_bytes("abc"))) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(to_hex(sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("digest: a million times a, in one piece") {
    const std::string many(1'000'000, 'a');
    CHECK(to_hex(sha1(as_bytes(many))) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    CHECK(to_hex(sha256(as_bytes(many))) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("digest: SHA-256 in pieces is SHA-256 of the whole, however it is cut") {
    std::string input;
    for (int i = 0; i < 100; ++i) input += std::to_string(i * i);
    CHECK(test::differs_when_cut(as_bytes(input), [](const auto& pieces) {
              Sha256 digest;
              for (const Bytes piece : pieces) digest.add(piece);
              return to_hex(digest.finish());
          }) == "");
    Sha256 digest;
    digest.add(as_bytes(input));
    Sha256 moved = std::move(digest);
    CHECK(moved.finish() == sha256(as_bytes(input)));
}

TEST_CASE("digest: base64 agrees with the vectors of RFC 4648") {
    CHECK(to_base64({}) == "");
    CHECK(to_base64(as_bytes("f")) == "Zg==");
    CHECK(to_base64(as_bytes("fo")) == "Zm8=");
    CHECK(to_base64(as_bytes("foo")) == "Zm9v");
    CHECK(to_base64(as_bytes("foob")) == "Zm9vYg==");
    CHECK(to_base64(as_bytes("fooba")) == "Zm9vYmE=");
    CHECK(to_base64(as_bytes("foobar")) == "Zm9vYmFy");
    CHECK(to_base64(as_bytes("\xfb\xef\xff")) == "++//");
}
