// A regular expression that is safe to run over what an attacker wrote: linear time, whatever the
// text.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "detect/databases.h"

namespace umbratap::detect {

class Pattern {
public:
    /// Hyperscan's syntax (PCRE without back references and look-around); `.` matches line ends
    /// too. Throws std::invalid_argument with Hyperscan's words if it cannot be compiled.
    Pattern(const std::string& expression, Databases& databases);
    ~Pattern();
    Pattern(Pattern&&) noexcept;

    /// True if it matches anywhere in `text` (up to 4 GiB). May be called from any thread.
    bool found_in(std::string_view text) const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::detect
