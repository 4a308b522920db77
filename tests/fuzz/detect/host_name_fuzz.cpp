// A normalised name stays as it is, and a name is the same name in capitals and with a dot at its
// end.
#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "detect/host_name.h"

using namespace umbratap;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text({data, size});
    const auto name = detect::host_name(text);
    detect::host_name(detect::without_port(text));
    if (!name) return 0;
    std::string spelled = *name;
    for (char& c : spelled) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    if (!detect::is_address_literal(*name)) spelled += '.';
    if (detect::host_name(*name) != name || detect::host_name(spelled) != name) std::abort();
    if (name->find_first_of("@/ \t\r\n*") != std::string::npos) std::abort();
    return 0;
}
