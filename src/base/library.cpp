// Shared libraries that are opened when they are needed.
#include "base/library.h"

#include <dlfcn.h>

#include <stdexcept>
#include <utility>

namespace umbratap {

Library::Library(std::string name, const std::string& package)
    : name_(std::move(name)), handle_(dlopen(name_.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) throw std::runtime_error(dlerror() + ("; install " + package));
}

Library::Address Library::find(const char* name) const {
    void* const address = dlsym(handle_, name);
    if (address == nullptr) throw std::runtime_error(name_ + " has no " + name);
    return {address};
}

}  // namespace umbratap
