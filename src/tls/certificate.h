// What a server's certificate says of it: names, issuer, key (RFC 5280). Nothing is verified.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/problem.h"

namespace umbratap::tls {

struct Certificate {
    std::string subject;             ///< common name; what is not printable is written as \DDD
    std::vector<std::string> names;  ///< DNS names and addresses it is for, up to `names_max`
    std::string issuer;              ///< common name, else organisation
    Bytes public_key;                ///< SubjectPublicKeyInfo, DER; lives as long as the message

    static constexpr std::size_t names_max = 64;
    static constexpr std::size_t name_bytes_max = 255;
};

/// Reads a certificate in DER.
///
/// tls.bad_certificate: what stands before the broken place is filled in; tls.too_many_names
Problem decode(Bytes der, Certificate& certificate) noexcept;

/// The first certificate of a Certificate message: the server's own (RFC 5246, 7.4.2; RFC 8446,
/// 4.4.2). Empty if there is none.
Bytes first_certificate(Bytes body, bool tls13) noexcept;

/// The Certificate message in a CompressedCertificate of at most `bytes_max` (RFC 8879, 4); empty
/// if it is broken or in a coding that we do not know.
std::vector<std::uint8_t> decompress_certificate(Bytes body, std::size_t bytes_max) noexcept;

}  // namespace umbratap::tls
