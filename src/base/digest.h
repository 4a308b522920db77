// SHA-1 and SHA-256 (FIPS 180-4), for community ids, event ids and evidence; and how bytes are
// written as text.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"

namespace umbratap {

std::array<std::uint8_t, 20> sha1(Bytes data);
std::array<std::uint8_t, 32> sha256(Bytes data);

/// SHA-256 of bytes that come in pieces.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    void add(Bytes data) noexcept;
    std::array<std::uint8_t, 32> finish() noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

std::string to_hex(Bytes data);
std::string to_base64(Bytes data);

}  // namespace umbratap
