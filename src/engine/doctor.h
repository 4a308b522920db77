// `umbratap doctor`: looks at the place where umbratap shall listen, says what is wrong there, and
// prints the command that mends it.
#pragma once

#include <string>

#include "engine/options.h"

namespace umbratap::engine {

struct DoctorOptions {
    int seconds = 5;    ///< to listen on each interface; 0: not at all
    bool json = false;  ///< one object, for machines
};

/// Looks at the interfaces, key logs and workers of `options`. 0 if nothing is wrong, 1 if
/// something is. Throws InputError where there is no such interface.
int doctor(const Options& options, const DoctorOptions& how);

}  // namespace umbratap::engine
