// What tests of rule files share: directories of their own, the rules, complaints.
#pragma once

#include <cstdlib>
#include <string>

#include "support/temporary_directory.h"

namespace umbratap::test {

/// `rules/` of the repository.
inline std::string rules_directory() {
    const char* root = std::getenv("UMBRATAP_SOURCE_ROOT");
    return std::string(root != nullptr ? root : ".") + "/rules";
}

/// What `call` throws, or "nothing".
template <class Call>
std::string complaint_of(Call call) {
    try {
        call();
    } catch (const std::exception& error) {
        return error.what();
    }
    return "nothing";
}

}  // namespace umbratap::test
