// JA3 and JA4 of a ClientHello. GREASE values are left out everywhere.
//
//     JA3  771,4865-4866-49195,0-23-65281-10,29-23-24,0      MD5 of: version, cipher suites,
//                                                            extensions, groups, point formats
//     JA4  t13d1516h2_8daaf6152771_e5627efa2ab1
//          │││ │ │ │       │            └ SHA-256 of extensions, sorted, without SNI and ALPN,
//          │││ │ │ │       │              then "_" and signature algorithms as sent
//          │││ │ │ │       └ SHA-256 of cipher suites, sorted
//          │││ │ │ └ first and last character of the first ALPN value
//          │││ │ └ number of extensions
//          │││ └ number of cipher suites
//          ││└ d: a server name is there, i: none
//          │└ version
//          └ transport
#include "tls/fingerprint.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <span>

#include "base/digest.h"

namespace umbratap::tls {

namespace {

using Numbers = std::vector<std::uint16_t>;

Numbers without_grease(const Numbers& numbers) {
    Numbers kept;
    std::remove_copy_if(numbers.begin(), numbers.end(), std::back_inserter(kept), is_grease);
    return kept;
}

template <class List>
void append_decimal(std::string& out, const List& list) {
    const char* separator = "";
    for (unsigned number : list) {
        out += separator + std::to_string(number);
        separator = "-";
    }
}

std::string hexadecimal(const Numbers& numbers) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(5 * numbers.size());
    for (std::uint16_t number : numbers) {
        if (!out.empty()) out += ',';
        for (int shift : {12, 8, 4, 0}) out += digits[number >> shift & 0xf];
    }
    return out;
}

std::string md5(std::string_view text) {
    std::array<std::uint8_t, 16> digest{};
    const int done =
        EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_md5(), nullptr);
    return done == 1 ? to_hex(digest) : std::string();  // no MD5 where FIPS rules are in force
}

/// Twelve digits. Of nothing they are zeros, so that everyone sees that there was nothing.
std::string short_hash(std::string_view text) {
    if (text.empty()) return std::string(12, '0');
    return to_hex(sha256(as_bytes(text))).substr(0, 12);
}

std::string_view version_code(std::uint16_t version) noexcept {
    switch (version) {
        case 0x0304:
            return "13";
        case 0x0303:
            return "12";
        case 0x0302:
            return "11";
        case 0x0301:
            return "10";
        case 0x0300:
            return "s3";
        case 0x0002:
            return "s2";
        case 0xfeff:
            return "d1";
        case 0xfefd:
            return "d2";
        case 0xfefc:
            return "d3";
        default:
            return "00";
    }
}

std::string two_digits(std::size_t count) {
    count = std::min<std::size_t>(count, 99);
    return {static_cast<char>('0' + count / 10), static_cast<char>('0' + count % 10)};
}

bool is_alphanumeric(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/// First and last character; of the hexadecimal form if one of them is neither letter nor digit.
std::string alpn_code(const std::vector<std::string>& protocols) {
    if (protocols.empty() || protocols.front().empty()) return "00";
    const std::string& name = protocols.front();
    if (is_alphanumeric(name.front()) && is_alphanumeric(name.back())) {
        return {name.front(), name.back()};
    }
    const std::string hex = to_hex(as_bytes(name));
    return {hex.front(), hex.back()};
}

}  // namespace

std::string ja3_string(const ClientHello& hello) {
    std::string out = std::to_string(hello.legacy_version) + ",";
    append_decimal(out, without_grease(hello.cipher_suites));
    out += ',';
    append_decimal(out, without_grease(hello.extensions));
    out += ',';
    append_decimal(out, without_grease(hello.groups));
    out += ',';
    append_decimal(out, hello.point_formats);
    return out;
}

std::string ja3(const ClientHello& hello) {
    return md5(ja3_string(hello));
}

std::string ja3s(const ServerHello& hello) {
    std::string out = std::to_string(hello.legacy_version) + ",";
    out += std::to_string(hello.cipher_suite) + ",";
    append_decimal(out, hello.extensions);
    return md5(out);
}

std::string ja4(const ClientHello& hello, Transport transport) {
    Numbers suites = without_grease(hello.cipher_suites);
    Numbers extensions = without_grease(hello.extensions);

    std::string out(1, static_cast<char>(transport));
    out += version_code(highest_version(hello));
    out += hello.has_server_name ? 'd' : 'i';
    out += two_digits(suites.size());
    out += two_digits(extensions.size());
    out += alpn_code(hello.protocols);

    std::sort(suites.begin(), suites.end());
    out += '_' + short_hash(hexadecimal(suites));

    std::erase_if(extensions, [](std::uint16_t type) { return type == 0x0000 || type == 0x0010; });
    std::sort(extensions.begin(), extensions.end());
    std::string parts = hexadecimal(extensions);
    const Numbers algorithms = without_grease(hello.signature_algorithms);
    if (!parts.empty() && !algorithms.empty()) parts += '_' + hexadecimal(algorithms);
    out += '_' + short_hash(parts);
    return out;
}

}  // namespace umbratap::tls
