// Builds ClientHello messages for tests, byte by byte.
#pragma once

#include <string>
#include <vector>

#include "tls/client_hello.h"

namespace umbratap::tls::test {

inline std::string number(std::size_t value, int bytes) {
    std::string out;
    for (int i = bytes; i-- > 0;) out += static_cast<char>(value >> 8 * i);
    return out;
}
inline std::string vector_of(std::string_view content, int length_bytes) {
    return number(content.size(), length_bytes).append(content);
}
inline std::string numbers(const std::vector<std::uint16_t>& list) {
    std::string out;
    for (std::uint16_t value : list) out += number(value, 2);
    return out;
}
inline std::string extension(std::uint16_t type, std::string_view content) {
    return number(type, 2) + vector_of(content, 2);
}
inline std::string sni(std::string_view name) {
    return extension(0, vector_of(number(0, 1) + vector_of(name, 2), 2));
}
inline std::string alpn(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += vector_of(name, 1);
    return extension(16, vector_of(list, 2));
}
/// What stands behind the handshake header.
inline std::string body(std::string_view extensions,
                        const std::vector<std::uint16_t>& suites = {0x1301},
                        std::uint16_t version = 0x0303) {
    return number(version, 2) + std::string(32, 'r') + vector_of("session", 1) +
           vector_of(numbers(suites), 2) + vector_of(std::string(1, '\0'), 1) +
           vector_of(extensions, 2);
}
inline std::string message(std::string_view hello_body) {
    return number(1, 1) + vector_of(hello_body, 3);
}
inline std::string record(std::string_view fragment, std::uint8_t type = 22,
                          std::uint16_t version = 0x0301) {
    return number(type, 1) + number(version, 2) + vector_of(fragment, 2);
}

/// The example of the JA4 description, a Chrome, with GREASE strewn in.
inline std::string chrome() {
    const std::vector<std::uint16_t> suites = {0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f,
                                               0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
                                               0x009c, 0x009d, 0x002f, 0x0035};
    std::string extensions = extension(0x2a2a, "");
    for (std::uint16_t type : {0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d,
                               0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015}) {
        switch (type) {
            case 0x0000:
                extensions += sni("Clients2.Google.com.");
                break;
            case 0x0010:
                extensions += alpn({"h2", "http/1.1"});
                break;
            case 0x000d:
                extensions += extension(type, vector_of(numbers({0x0403, 0x0804, 0x0401, 0x0503,
                                                                 0x0805, 0x0501, 0x0806, 0x0601}),
                                                        2));
                break;
            case 0x002b:
                extensions += extension(type, vector_of(numbers({0x3a3a, 0x0304, 0x0303}), 1));
                break;
            case 0x000a:
                extensions += extension(type, vector_of(numbers({0x4a4a, 29, 23, 24}), 2));
                break;
            case 0x000b:
                extensions += extension(type, vector_of(std::string(1, '\0'), 1));
                break;
            default:
                extensions += extension(type, "x");
                break;
        }
    }
    return body(extensions + extension(0x5a5a, std::string(1, '\0')), suites);
}

}  // namespace umbratap::tls::test
