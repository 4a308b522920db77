// A ServerHello message as it was sent.
//
//     version 2 | random 32 | session id 1+n | cipher suite 2 | compression 1 | extensions 2+n
//                                                                               └ may be absent
#include "tls/server_hello.h"

#include <algorithm>
#include <array>

#include "tls/printable.h"
#include "tls/rest.h"

namespace umbratap::tls {

namespace {

constexpr Problem bad_hello{"tls.bad_server_hello"};
constexpr Problem bad_extensions{"tls.bad_encrypted_extensions"};

namespace extension {
constexpr std::uint16_t truncated_hmac = 4, application_layer_protocol = 16, encrypt_then_mac = 22,
                        extended_master_secret = 23, pre_shared_key = 41, early_data = 42,
                        supported_versions = 43;
}

/// The random that makes a ServerHello a HelloRetryRequest (RFC 8446, 4.1.3).
constexpr std::array<std::uint8_t, 32> retry_random = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

/// One name in a list (RFC 7301, 3.1).
bool read_protocol(Bytes content, std::string& out) {
    Rest rest(content);
    const auto list = rest.take_vector(2);
    if (!list || !rest.empty()) return false;
    Rest names(*list);
    const auto name = names.take_vector(1);
    if (!name || !names.empty()) return false;
    out.clear();
    append_title(*name, 255, out);
    return true;
}

bool read_extension(std::uint16_t type, Bytes content, ServerHello& hello) {
    switch (type) {
        case extension::truncated_hmac:
            hello.truncated_hmac = true;
            return true;
        case extension::application_layer_protocol:
            return read_protocol(content, hello.protocol);
        case extension::encrypt_then_mac:
            hello.encrypt_then_mac = true;
            return true;
        case extension::extended_master_secret:
            hello.extended_master_secret = true;
            return true;
        case extension::pre_shared_key:
            hello.pre_shared_key = true;
            return true;
        case extension::supported_versions:
            if (content.size() != 2) return false;
            hello.version = big_endian_16(content.data());
            return true;
        default:
            return true;
    }
}

/// Calls `read(type, content)` for each of a list; false where one is broken.
template <class Read>
bool read_list(Bytes list, Read read) {
    Rest rest(list);
    while (!rest.empty()) {
        const auto type = rest.take_16();
        const auto content = rest.take_vector(2);
        if (!content || !read(*type, *content)) return false;
    }
    return true;
}

}  // namespace

Problem decode(Bytes body, ServerHello& hello) noexcept {
    Rest rest(body);
    const auto version = rest.take_16();
    if (!version) return bad_hello;
    hello.legacy_version = hello.version = *version;
    const auto random = rest.take(32);
    if (!random) return bad_hello;
    hello.random = *random;
    hello.retry_request = std::equal(random->begin(), random->end(), retry_random.begin());
    const auto session_id = rest.take_vector(1);
    const auto suite = rest.take_16();
    const auto compression = rest.take_8();
    if (!session_id || !suite || !compression) return bad_hello;
    hello.session_id = *session_id;
    hello.cipher_suite = *suite;
    hello.compressed = *compression != 0;
    if (rest.empty()) return no_problem;
    const auto extensions = rest.take_vector(2);
    if (!extensions || !rest.empty()) return bad_hello;
    const bool sound = read_list(*extensions, [&](std::uint16_t type, Bytes content) {
        hello.extensions.push_back(type);
        return read_extension(type, content, hello);
    });
    return sound ? no_problem : bad_hello;
}

Problem decode(Bytes body, EncryptedExtensions& extensions) noexcept {
    Rest rest(body);
    const auto list = rest.take_vector(2);
    if (!list || !rest.empty()) return bad_extensions;
    const bool sound = read_list(*list, [&](std::uint16_t type, Bytes content) {
        if (type == extension::early_data) extensions.early_data = true;
        if (type != extension::application_layer_protocol) return true;
        return read_protocol(content, extensions.protocol);
    });
    return sound ? no_problem : bad_extensions;
}

}  // namespace umbratap::tls
