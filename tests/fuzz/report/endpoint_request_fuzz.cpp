// Any bytes are a request or none, and what is read of one lies within it.
#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "report/endpoint.h"

using namespace umbratap;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view head = as_text({data, size});
    const auto request = report::read_request(head);
    if (!request) return 0;
    if (request->method.empty() || !request->path.starts_with('/')) std::abort();
    for (const std::string_view part : {request->method, request->path, request->authorization}) {
        if (part.find_first_of(std::string_view("\r\n\0", 3)) != part.npos) std::abort();
        if (!part.empty() &&
            (part.data() < head.data() || part.data() + part.size() > head.data() + head.size()))
            std::abort();
    }
    // What follows the empty line does not matter.
    if (!report::read_request(std::string(head) + "more")) std::abort();
    return 0;
}
