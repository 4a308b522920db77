// Any text is a policy, or is refused with file and line.
#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "detect/yaml.h"
#include "inventory/policy.h"

using namespace umbratap;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text({data, size});
    if (text.find("include") != std::string_view::npos)
        return 0;  // would read files of this machine
    try {
        const auto policy =
            inventory::Policy::read(detect::YamlNode::parse(std::string(text), "f.yaml"));
        policy.describe();
        policy.warnings();
        policy.judge({});
    } catch (const detect::RuleError& error) {
        if (!std::string_view(error.what()).starts_with("f.yaml:")) std::abort();
    }
    return 0;
}
