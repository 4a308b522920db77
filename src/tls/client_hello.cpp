// A ClientHello message as it was sent (RFC 8446, 4.1.2).
//
//     version 2 | random 32 | session id 1+n | cipher suites 2+n | compression 1+n | extensions 2+n
//                                                                                  └ may be absent
//     extension: type 2 | length 2 | content
#include "tls/client_hello.h"

#include <algorithm>
#include <bitset>

#include "tls/printable.h"
#include "tls/rest.h"

namespace umbratap::tls {

namespace {

constexpr Problem bad_hello{"tls.bad_hello"};
constexpr Problem bad_extension{"tls.bad_extension"};

enum Extension : std::uint16_t {
    server_name = 0,
    supported_groups = 10,
    ec_point_formats = 11,
    signature_algorithms = 13,
    application_layer_protocols = 16,
    session_ticket = 35,
    early_data = 42,
    supported_versions = 43,
    encrypted_client_hello = 0xfe0d,
};

bool read_numbers(Bytes list, std::vector<std::uint16_t>& out) {
    for (std::size_t i = 0; i + 2 <= list.size(); i += 2) out.push_back(big_endian_16(&list[i]));
    return list.size() % 2 == 0;
}

/// An extension whose content is one vector of numbers.
Problem read_number_list(Bytes content, int length_bytes, std::vector<std::uint16_t>& out) {
    Rest rest(content);
    const auto list = rest.take_vector(length_bytes);
    if (!list || !read_numbers(*list, out) || !rest.empty()) return bad_extension;
    return no_problem;
}

/// The name as text that can be compared and shown.
Problem read_host_name(Bytes name, std::string& out) {
    if (!name.empty() && name.back() == '.') name = name.first(name.size() - 1);
    const bool sound = append_name(name, ClientHello::name_bytes_max, out);
    return sound && !out.empty() ? no_problem : Problem{"tls.bad_server_name"};
}

/// RFC 6066, 3. A list in theory; no one sends more than one name, and no two may be of one type.
Problem read_server_name(Bytes content, ClientHello& hello) {
    hello.has_server_name = true;
    Rest rest(content);
    const auto list = rest.take_vector(2);
    if (!list) return bad_extension;
    Problem problem = rest.empty() ? no_problem : bad_extension;
    Rest names(*list);
    bool found = false;
    while (!names.empty()) {
        const auto type = names.take(1);
        const auto name = names.take_vector(2);
        if (!name) return problem.or_else(bad_extension);
        if (type->front() != 0) continue;
        if (found) return problem.or_else(Problem{"tls.several_server_names"});
        found = true;
        problem = problem.or_else(read_host_name(*name, hello.server_name));
    }
    return problem;
}

/// RFC 7301, 3.1.
Problem read_protocols(Bytes content, ClientHello& hello) {
    Rest rest(content);
    const auto list = rest.take_vector(2);
    if (!list) return bad_extension;
    Rest names(*list);
    while (!names.empty()) {
        const auto name = names.take_vector(1);
        if (!name) return bad_extension;
        if (hello.protocols.size() == ClientHello::protocols_max) {
            return Problem{"tls.too_many_protocols"};
        }
        hello.protocols.emplace_back(as_text(*name));
    }
    return rest.empty() ? no_problem : bad_extension;
}

Problem read_point_formats(Bytes content, ClientHello& hello) {
    Rest rest(content);
    const auto list = rest.take_vector(1);
    if (!list) return bad_extension;
    hello.point_formats.assign(list->begin(), list->end());
    return rest.empty() ? no_problem : bad_extension;
}

Problem read_extension(std::uint16_t type, Bytes content, ClientHello& hello) {
    switch (type) {
        case server_name:
            return read_server_name(content, hello);
        case supported_groups:
            return read_number_list(content, 2, hello.groups);
        case ec_point_formats:
            return read_point_formats(content, hello);
        case signature_algorithms:
            return read_number_list(content, 2, hello.signature_algorithms);
        case application_layer_protocols:
            return read_protocols(content, hello);
        case session_ticket:
            hello.ticket = content;
            break;
        case early_data:
            hello.early_data = true;
            break;
        case supported_versions:
            return read_number_list(content, 1, hello.versions);
        case encrypted_client_hello:
            hello.encrypted_client_hello = true;
            break;
        default:
            break;
    }
    return no_problem;
}

Problem read_extensions(Bytes extensions, ClientHello& hello) {
    std::bitset<65536> seen;
    Problem problem;
    Rest rest(extensions);
    while (!rest.empty()) {
        const auto type = rest.take_16();
        const auto content = rest.take_vector(2);
        if (!content) return problem.or_else(bad_hello);
        hello.extensions.push_back(*type);
        if (seen[*type]) {
            problem = problem.or_else(Problem{"tls.repeated_extension"});
            continue;
        }
        seen[*type] = true;
        problem = problem.or_else(read_extension(*type, *content, hello));
    }
    return problem;
}

}  // namespace

Problem decode(Bytes body, ClientHello& hello) noexcept {
    Rest rest(body);
    const auto version = rest.take_16();
    if (!version) return bad_hello;
    hello.legacy_version = *version;
    const auto random = rest.take(32);
    if (!random) return bad_hello;
    hello.random = *random;
    const auto session_id = rest.take_vector(1);
    if (!session_id) return bad_hello;
    hello.session_id = *session_id;
    const auto suites = rest.take_vector(2);
    if (!suites || !read_numbers(*suites, hello.cipher_suites)) return bad_hello;
    if (!rest.take_vector(1)) return bad_hello;
    if (rest.empty()) return no_problem;  // TLS 1.2 and before may have no extensions
    const auto extensions = rest.take_vector(2);
    if (!extensions) return bad_hello;
    const Problem problem = read_extensions(*extensions, hello);
    return problem.or_else(rest.empty() ? no_problem : bad_hello);
}

std::uint16_t highest_version(const ClientHello& hello) noexcept {
    std::uint16_t highest = 0;
    for (std::uint16_t version : hello.versions) {
        if (!is_grease(version)) highest = std::max(highest, version);
    }
    return highest != 0 ? highest : hello.legacy_version;
}

}  // namespace umbratap::tls
