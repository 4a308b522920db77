// A shared library that few runs need, opened when the first one asks: if it were linked, every
// start would wait for it and for all that it stands on.
#pragma once

#include <string>

namespace umbratap {

class Library {
public:
    /// `name` as the linker knows it, `libcurl.so.4`; `package`: what brings it. Throws
    /// std::runtime_error that says why not, and what to install.
    Library(std::string name, const std::string& package);

    /// Becomes a pointer to the function there, whose type the library's header gives.
    struct Address {
        void* address;
        template <class Function>
        operator Function*() const noexcept {
            return reinterpret_cast<Function*>(address);
        }
    };
    /// Throws likewise.
    Address find(const char* name) const;

private:
    std::string name_;
    void* handle_;  // it stays: code of it may run until the process ends
};

}  // namespace umbratap
