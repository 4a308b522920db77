// Any text is a rule file, or is refused with file and line.
#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "detect/rule.h"

using namespace umbratap;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto file = detect::YamlNode::parse(std::string(as_text({data, size})), "f.yaml");
        mcp::Watch watch;
        detect::Databases databases;
        detect::Reading reading{detect::read_lists(file), watch, databases};
        for (const detect::YamlNode& node : file.at("evidence").elements()) {
            detect::read_rule(node, reading, 0);
        }
    } catch (const detect::RuleError& error) {
        if (!std::string_view(error.what()).starts_with("f.yaml:")) std::abort();
    }
    return 0;
}
