// HMAC (RFC 2104) over OpenSSL's digests. It keeps no state between calls, so that a connection
// needs no memory for it but its key.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>

#include "base/bytes.h"

namespace umbratap::tls {

enum class Hash : std::uint8_t { md5, sha1, sha256, sha384 };

inline constexpr std::size_t hash_bytes_max = 48;
std::size_t hash_bytes(Hash hash) noexcept;

/// `out` has room for hash_bytes(hash). False if OpenSSL refuses (MD5 where FIPS rules are in
/// force, no memory); `out` is undefined then.
bool digest(Hash hash, std::initializer_list<Bytes> parts, std::uint8_t* out) noexcept;
/// The same keyed. Keys are at most 64 bytes here.
bool hmac(Hash hash, Bytes key, std::initializer_list<Bytes> parts, std::uint8_t* out) noexcept;

}  // namespace umbratap::tls
