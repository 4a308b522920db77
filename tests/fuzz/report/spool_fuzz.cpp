// Whatever lies in a spool's directory: what is read from it has numbers that grow, and what is
// appended behind it comes out.
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>

#include "report/spool.h"

namespace {

/// Removed at the end.
struct Folder {
    Folder() {
        char name[] = "/tmp/umbratap-fuzz-XXXXXX";
        if (mkdtemp(name) == nullptr) __builtin_trap();
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string path;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace umbratap::report;
    static const Folder folder;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path))
        std::filesystem::remove(entry.path());
    std::ofstream(folder.path + "/1-00000000000000000000.spool", std::ios::binary)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    Spool spool(folder.path, 1 << 20);
    const std::uint64_t number = spool.next_number();
    spool.append(1, number, "appended");
    SpooledEvent event;
    while (spool.take(event)) {
    }
    if (event.number != number || event.bytes != "appended") __builtin_trap();
    return 0;
}
