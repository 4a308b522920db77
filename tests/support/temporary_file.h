// The name of a new, empty file of this test.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

namespace umbratap::test {

inline std::string temporary_file() {
    std::string name = "/tmp/umbratap-test-XXXXXX";
    const int file = mkstemp(name.data());
    if (file < 0) throw std::runtime_error("no temporary file");
    close(file);
    return name;
}

}  // namespace umbratap::test
