// The lines of a key log, out of a file that is read while someone writes it.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace umbratap::capture {

/// Holds what is not a whole line yet, and wipes it when it is gone: it may be a secret.
class KeyLogLines {
public:
    KeyLogLines() = default;
    KeyLogLines(KeyLogLines&&) noexcept = default;
    KeyLogLines& operator=(KeyLogLines&&) noexcept = default;
    ~KeyLogLines() { forget(); }

    /// Appends the lines that became whole to `out`, each with its '\n'. Longer ones than
    /// `line_bytes_max` are left out and counted.
    void push(Bytes data, std::string& out);
    /// What stands behind the last '\n'; empty also where it is too long.
    const std::string& unfinished() const noexcept { return unfinished_; }
    /// The file begins anew.
    void forget() noexcept;

    std::uint64_t lines() const noexcept { return lines_; }
    std::uint64_t too_long() const noexcept { return too_long_; }

    static constexpr std::size_t line_bytes_max = 1024;  ///< without '\n'; the longest is about 330

private:
    std::string unfinished_;
    bool skipping_ = false;  // the rest of a line that is too long
    std::uint64_t lines_ = 0, too_long_ = 0;
};

}  // namespace umbratap::capture
