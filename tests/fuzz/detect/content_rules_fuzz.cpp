// Any text is a file of content rules, or is refused with file and line.
#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "detect/content_rule.h"

using namespace umbratap;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto file = detect::YamlNode::parse(std::string(as_text({data, size})), "f.yaml");
        for (const detect::YamlNode& node : file.at("content").elements())
            detect::read_content_rule(node, 0);
    } catch (const detect::RuleError& error) {
        if (!std::string_view(error.what()).starts_with("f.yaml:")) std::abort();
    }
    return 0;
}
