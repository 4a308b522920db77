// The first byte is the size of the pieces; whole and cut must give the same.
#include <algorithm>
#include <cstdlib>

#include "tls/hello.h"

namespace {

using namespace umbratap;

std::string read(Bytes in, std::size_t piece_bytes) {
    Budget budget(1 << 20);
    tls::HelloReader reader(budget);
    Problem problem;
    for (; !in.empty(); in = in.subspan(std::min(piece_bytes, in.size()))) {
        problem = problem.or_else(reader.push(in.first(std::min(piece_bytes, in.size()))));
    }
    const tls::Hello& hello = reader.hello();
    const auto state = reader.state();
    if (state != tls::HelloReader::State::reading && budget.used() != 0) std::abort();
    if (hello.server_name.find_first_of(std::string_view("\0 \n", 3)) != std::string::npos)
        std::abort();
    std::string seen = std::to_string(static_cast<int>(state)) + hello.server_name + hello.ja3 +
                       hello.ja4 + std::to_string(hello.version) + std::string(problem.name());
    for (const std::string& name : hello.protocols) seen += "," + name;
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const Bytes in(data + 1, size - 1);
    if (read(in, 1 + data[0] % 16) != read(in, in.size() + 1)) std::abort();
    return 0;
}
