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

    /// Sets `function` to that of this name, whose type the library's header gives. Throws
    /// likewise.
    template <class Function>
    void find(Function*& function, const char* name) const {
        function = reinterpret_cast<Function*>(address_of(name));
    }

private:
    void* address_of(const char* name) const;

    std::string name_;
    void* handle_;  // it stays: code of it may run until the process ends
};

}  // namespace umbratap
