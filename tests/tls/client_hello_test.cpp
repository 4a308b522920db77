#include "tls/client_hello.h"

#include <doctest/doctest.h>

#include "tls/hello_bytes.h"

using namespace umbratap;
using namespace umbratap::tls;
using namespace umbratap::tls::test;

namespace {

struct Decoded {
    ClientHello hello;
    Problem problem;
};

Decoded decoded(std::string_view bytes) {
    Decoded result;
    result.problem = decode(as_bytes(bytes), result.hello);
    return result;
}

std::string name_of(std::string_view name) {
    const Decoded is = decoded(body(sni(name)));
    return is.hello.server_name + std::string(is.problem ? " " : "") +
           std::string(is.problem.name());
}

}  // namespace

TEST_CASE("client hello: what it says is read") {
    const Decoded is = decoded(chrome());
    CHECK(!is.problem);
    CHECK(is.hello.legacy_version == 0x0303);
    CHECK(highest_version(is.hello) == 0x0304);
    CHECK(is.hello.cipher_suites.size() == 16);
    CHECK(is.hello.extensions.size() == 18);
    CHECK(is.hello.server_name == "clients2.google.com");
    CHECK(is.hello.protocols == std::vector<std::string>{"h2", "http/1.1"});
    CHECK(is.hello.groups == std::vector<std::uint16_t>{0x4a4a, 29, 23, 24});
    CHECK(is.hello.point_formats == std::vector<std::uint8_t>{0});
    CHECK(is.hello.signature_algorithms.size() == 8);
    CHECK(!is.hello.encrypted_client_hello);
}

TEST_CASE("client hello: one without extensions is whole") {
    std::string bytes = body("", {0x002f}, 0x0301);
    bytes.resize(bytes.size() - 2);
    const Decoded is = decoded(bytes);
    CHECK(!is.problem);
    CHECK(highest_version(is.hello) == 0x0301);
    CHECK(!is.hello.has_server_name);
}

TEST_CASE("client hello: cut short anywhere it is a problem, and what stands before is kept") {
    const std::string whole = chrome();
    const std::size_t without_extensions = body("").size() - 2 + 15 * 2;
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const std::vector<std::uint8_t> exact(whole.begin(),
                                              whole.begin() + static_cast<long>(length));
        ClientHello hello;
        const Problem problem = decode(exact, hello);
        if (length == without_extensions) {
            CHECK(!problem);  // as it may be in TLS 1.2 and before
        } else {
            CHECK(problem == Problem{"tls.bad_hello"});
        }
        CHECK(hello.cipher_suites.size() == (length < without_extensions - 2 ? 0 : 16));
        CHECK((hello.server_name.empty() || hello.server_name == "clients2.google.com"));
    }
}

TEST_CASE("client hello: a server name is lower case and without trailing dot") {
    CHECK(name_of("MCP.Corp.Example.") == "mcp.corp.example");
    CHECK(name_of("10.1.2.3") == "10.1.2.3");
    CHECK(name_of("") == " tls.bad_server_name");
    CHECK(name_of(".") == " tls.bad_server_name");
}

TEST_CASE("client hello: a server name with odd bytes never looks like another") {
    CHECK(name_of(std::string_view("a\0.b", 4)) == "a\\000.b tls.bad_server_name");
    CHECK(name_of("a\\b \xc3\xa4") == "a\\092b\\032\\195\\164 tls.bad_server_name");
}

TEST_CASE("client hello: a server name that is too long never ends like another") {
    CHECK(name_of(std::string(255, 'a')) == std::string(255, 'a'));
    CHECK(name_of(std::string(255 - 8, 'a') + ".example" + ".evil") ==
          std::string(255 - 8, 'a') + ".example\\... tls.bad_server_name");
}

TEST_CASE("client hello: of several server names the first counts, and it is told") {
    const std::string list =
        number(7, 1) + vector_of("other type", 2) + number(0, 1) + vector_of("a.example", 2);
    const std::string more = list + number(0, 1) + vector_of("b.example", 2);
    CHECK(decoded(body(extension(0, vector_of(list, 2)))).hello.server_name == "a.example");
    CHECK(!decoded(body(extension(0, vector_of(list, 2)))).problem);
    const Decoded is = decoded(body(extension(0, vector_of(more, 2))));
    CHECK(is.hello.server_name == "a.example");
    CHECK(is.problem == Problem{"tls.several_server_names"});
    const Decoded twice = decoded(body(sni("a.example") + sni("b.example")));
    CHECK(twice.hello.server_name == "a.example");
    CHECK(twice.problem == Problem{"tls.repeated_extension"});
}

TEST_CASE("client hello: a broken extension does not hide the others") {
    const Decoded is =
        decoded(body(extension(16, "\x01") + sni("a.example") + extension(10, "abc")));
    CHECK(is.problem == Problem{"tls.bad_extension"});
    CHECK(is.hello.server_name == "a.example");
}

TEST_CASE("client hello: versions without GREASE; only GREASE counts as none") {
    const auto version = [](const std::vector<std::uint16_t>& offered) {
        return highest_version(decoded(body(extension(43, vector_of(numbers(offered), 1)))).hello);
    };
    CHECK(version({0x0303, 0xfafa, 0x0304}) == 0x0304);
    CHECK(version({0xfafa, 0x0302}) == 0x0302);
    CHECK(version({0xfafa}) == 0x0303);
    CHECK(is_grease(0x0a0a));
    CHECK(is_grease(0xfafa));
    CHECK(!is_grease(0x0a1a));
    CHECK(!is_grease(0x0b0b));
}

TEST_CASE("client hello: encrypted client hello is seen") {
    CHECK(decoded(body(extension(0xfe0d, std::string(1, '\0')))).hello.encrypted_client_hello);
}

TEST_CASE("client hello: protocols up to a limit") {
    const std::vector<std::string> many(65, "p");
    const Decoded is = decoded(body(alpn(many) + sni("a.example")));
    CHECK(is.problem == Problem{"tls.too_many_protocols"});
    CHECK(is.hello.protocols.size() == 64);
    CHECK(is.hello.server_name == "a.example");
    CHECK(!decoded(body(alpn(std::vector<std::string>(64, "p")))).problem);
}
