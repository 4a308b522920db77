// What a regular expression cannot say of a value: check digits, checksums, ranges, randomness.
//
// Every check takes the value as it was matched, and is true if it may be what it looks like.
#pragma once

#include <string_view>

namespace umbratap::detect {

/// ISO/IEC 7812-1: 12 to 19 digits, apart from blanks and hyphens, the last by Luhn's formula; not
/// all the same.
bool has_luhn_digit(std::string_view number) noexcept;

/// ISO 13616: country and its length, check digits by ISO/IEC 7064 MOD 97-10. Blanks are skipped.
bool is_iban(std::string_view text) noexcept;

/// A US social security number that was or could be given out: no area 000, 666 or 9xx, no group
/// 00, no serial 0000.
bool is_social_security_number(std::string_view text) noexcept;

/// Tokens of GitHub and npm: the last six characters are the CRC-32 of the thirty before them, in
/// base 62 (github.blog, "Behind GitHub's new authentication token formats").
bool has_github_checksum(std::string_view token) noexcept;

/// A JSON Web Token (RFC 7519): its first part is base64url of an object with "alg".
bool is_web_token(std::string_view text) noexcept;

/// Bits of Shannon entropy a character. A random key has more than 3.5; a placeholder, a word or a
/// row of `x` less.
double entropy_of(std::string_view text) noexcept;

}  // namespace umbratap::detect
