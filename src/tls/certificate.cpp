// What a server's certificate says of it. DER is walked in place (X.690):
//
//     certificate: { tbs { [0] version, serial, algorithm, issuer, validity, subject, public key,
//                          [1] [2] unique ids, [3] extensions }, algorithm, signature }
#include "tls/certificate.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/inflate.h"
#include "tls/printable.h"
#include "tls/rest.h"

namespace umbratap::tls {

namespace {

constexpr Problem bad_certificate{"tls.bad_certificate"};

namespace tag {
constexpr std::uint8_t octet_string = 0x04, object_identifier = 0x06, sequence = 0x30, set = 0x31,
                       version = 0xa0, extensions = 0xa3, dns_name = 0x82, ip_address = 0x87;
}

constexpr std::array<std::uint8_t, 3> common_name = {0x55, 0x04, 0x03};
constexpr std::array<std::uint8_t, 3> organisation = {0x55, 0x04, 0x0a};
constexpr std::array<std::uint8_t, 3> subject_alternative_name = {0x55, 0x1d, 0x11};

struct Element {
    std::uint8_t tag = 0;
    Bytes content;
    Bytes whole;  ///< with tag and length
};

/// Lengths of up to three bytes: a message is not longer.
std::optional<Element> take_element(Rest& rest) noexcept {
    const Bytes start = rest.bytes();
    const auto tag = rest.take_8();
    const auto first = rest.take_8();
    if (!first) return std::nullopt;
    std::size_t length = *first;
    if (length >= 0x80) {
        const auto bytes = rest.take(length & 0x7f);
        if (!bytes || bytes->empty() || bytes->size() > 3) return std::nullopt;
        length = 0;
        for (const std::uint8_t byte : *bytes) length = length << 8 | byte;
    }
    const auto content = rest.take(length);
    if (!content) return std::nullopt;
    return Element{*tag, *content, start.first(start.size() - rest.bytes().size())};
}

std::optional<Element> take_element(Rest& rest, std::uint8_t tag) noexcept {
    auto element = take_element(rest);
    if (element && element->tag != tag) element.reset();
    return element;
}

/// Skips the next element if it has this tag.
bool skip_optional(Rest& rest, std::uint8_t tag) noexcept {
    return rest.empty() || rest.bytes().front() != tag || take_element(rest);
}

bool is(Bytes identifier, const std::array<std::uint8_t, 3>& wanted) noexcept {
    return std::equal(identifier.begin(), identifier.end(), wanted.begin(), wanted.end());
}

/// The last value of a kind: the most specific (RFC 5280, 4.1.2.4).
void read_distinguished_name(Bytes name, const std::array<std::uint8_t, 3>& kind,
                             std::string& out) {
    Rest sets(name);
    while (const auto set = take_element(sets, tag::set)) {
        Rest pairs(set->content);
        while (const auto pair = take_element(pairs, tag::sequence)) {
            Rest rest(pair->content);
            const auto identifier = take_element(rest, tag::object_identifier);
            const auto value = take_element(rest);
            if (!identifier || !value || !is(identifier->content, kind)) continue;
            out.clear();
            append_title(value->content, Certificate::name_bytes_max, out);
        }
    }
}

std::string address_text(Bytes address) {
    std::string out;
    if (address.size() == 4) {
        for (const std::uint8_t byte : address)
            out += (out.empty() ? "" : ".") + std::to_string(byte);
    } else if (address.size() == 16) {
        static constexpr char digits[] = "0123456789abcdef";
        for (std::size_t i = 0; i < 16; ++i) {
            if (i > 0 && i % 2 == 0) out += ':';
            out += digits[address[i] >> 4];
            out += digits[address[i] & 0x0f];
        }
    }
    return out;
}

Problem read_alternative_names(Bytes value, Certificate& certificate) {
    Rest outer(value);
    const auto list = take_element(outer, tag::sequence);
    if (!list) return bad_certificate;
    Rest names(list->content);
    while (const auto name = take_element(names)) {
        if (name->tag != tag::dns_name && name->tag != tag::ip_address) continue;
        if (certificate.names.size() == Certificate::names_max)
            return Problem{"tls.too_many_names"};
        std::string text;
        if (name->tag == tag::dns_name) {
            append_name(name->content, Certificate::name_bytes_max, text);
        } else {
            text = address_text(name->content);
        }
        certificate.names.push_back(std::move(text));
    }
    return names.empty() ? no_problem : bad_certificate;
}

Problem read_extensions(Bytes content, Certificate& certificate) {
    Rest outer(content);
    const auto list = take_element(outer, tag::sequence);
    if (!list) return bad_certificate;
    Rest extensions(list->content);
    Problem problem;
    while (const auto extension = take_element(extensions, tag::sequence)) {
        Rest rest(extension->content);
        const auto identifier = take_element(rest, tag::object_identifier);
        auto value = take_element(rest);  // the critical flag, or already the value
        if (value && value->tag != tag::octet_string) value = take_element(rest, tag::octet_string);
        if (!identifier || !value) return problem.or_else(bad_certificate);
        if (!is(identifier->content, subject_alternative_name)) continue;
        problem = problem.or_else(read_alternative_names(value->content, certificate));
    }
    return problem.or_else(extensions.empty() ? no_problem : bad_certificate);
}

}  // namespace

Problem decode(Bytes der, Certificate& certificate) noexcept {
    Rest file(der);
    const auto whole = take_element(file, tag::sequence);
    if (!whole) return bad_certificate;
    Rest parts(whole->content);
    const auto signed_part = take_element(parts, tag::sequence);
    if (!signed_part) return bad_certificate;
    Rest rest(signed_part->content);
    if (!skip_optional(rest, tag::version)) return bad_certificate;
    const auto serial = take_element(rest);
    const auto algorithm = take_element(rest, tag::sequence);
    const auto issuer = take_element(rest, tag::sequence);
    if (!serial || !algorithm || !issuer) return bad_certificate;
    read_distinguished_name(issuer->content, organisation, certificate.issuer);
    read_distinguished_name(issuer->content, common_name, certificate.issuer);
    const auto validity = take_element(rest, tag::sequence);
    const auto subject = take_element(rest, tag::sequence);
    if (!validity || !subject) return bad_certificate;
    read_distinguished_name(subject->content, common_name, certificate.subject);
    const auto key = take_element(rest, tag::sequence);
    if (!key) return bad_certificate;
    certificate.public_key = key->whole;
    while (const auto more = take_element(rest)) {
        if (more->tag == tag::extensions) return read_extensions(more->content, certificate);
    }
    return rest.empty() ? no_problem : bad_certificate;
}

Bytes first_certificate(Bytes body, bool tls13) noexcept {
    Rest rest(body);
    if (tls13 && !rest.take_vector(1)) return {};
    const auto list = rest.take_vector(3);
    if (!list) return {};
    Rest certificates(*list);
    return certificates.take_vector(3).value_or(Bytes());
}

std::vector<std::uint8_t> decompress_certificate(Bytes body, std::size_t bytes_max) noexcept {
    Rest rest(body);
    const auto algorithm = rest.take_16();
    const auto length = rest.take_24();
    auto compressed = rest.take_vector(3);
    std::vector<std::uint8_t> out;
    if (!compressed || *length > bytes_max || *algorithm < 1 || *algorithm > 3) return out;
    static constexpr std::array<Coding, 3> codings = {Coding::deflate, Coding::brotli,
                                                      Coding::zstd};
    Inflater inflater(codings[*algorithm - 1U]);
    inflater.push(*compressed, *length, out);
    if (out.size() != *length) out.clear();
    return out;
}

}  // namespace umbratap::tls
