// Something in the content of one message that an analyst should see.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace umbratap::detect {

struct Finding {
    std::string category;  ///< of the alert, see rules/alerts.yaml
    std::string rule;      ///< id of the rule that says most
    std::uint32_t signature_id = 0;
    std::string title;
    int severity = 0;                ///< 0: that of the category
    std::uint8_t confidence = 0;     ///< 1..100
    std::string where;               ///< `result.tools[3].description`
    std::string excerpt;             ///< redacted, at most excerpt_bytes_max bytes
    std::vector<std::string> parts;  ///< what the confidence is made of: "conceal-from-user 75"
    std::string tool;                ///< whose definition it is; else empty
};

}  // namespace umbratap::detect
