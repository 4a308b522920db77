// Hyperscan databases, compiled once and kept in a directory for the next start.
//
// Compiling takes milliseconds a pattern, reading what was compiled some microseconds. Hyperscan
// trusts what it deserializes, hence a kept file must be ours alone, whole by its SHA-256, and made
// by this very version for this very kind of CPU; otherwise the expressions are compiled again.
#pragma once

#include <hs.h>

#include <memory>
#include <span>
#include <stdexcept>
#include <string>

namespace umbratap::detect {

struct FreeDatabase {
    void operator()(hs_database_t* database) const noexcept { hs_free_database(database); }
};
using Database = std::unique_ptr<hs_database_t, FreeDatabase>;

struct Expression {
    std::string text;
    unsigned flags = 0;  ///< HS_FLAG_…
};

/// What Hyperscan says of an expression that it does not take.
struct CompileError : std::invalid_argument {
    CompileError(const std::string& complaint, int expression)
        : std::invalid_argument(complaint), which(expression) {}
    int which;  ///< index of the expression; -1 where it is none of them
};

class Databases {
public:
    /// Makes the directory, readable by its owner only, where it is missing. Empty: nothing is
    /// kept.
    explicit Databases(std::string directory = {});

    /// One database of all expressions, whose ids are their places. `mode` is HS_MODE_BLOCK or
    /// HS_MODE_STREAM. Throws CompileError. A directory that cannot be written is no trouble.
    Database find_or_compile(std::span<const Expression> expressions, unsigned mode);

    /// Nothing had to be compiled so far.
    bool all_found() const noexcept { return all_found_; }

private:
    std::string directory_;
    bool all_found_ = true;
};

}  // namespace umbratap::detect
