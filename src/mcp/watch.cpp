// JSON Pointers (RFC 6901) that rules ask about.
#include <algorithm>
#include <limits>
#include <stdexcept>

#include "mcp/message.h"
#include "mcp/plan.h"

namespace umbratap::mcp {
namespace {

constexpr std::size_t steps_max = 8;

}  // namespace

std::vector<std::string> pointer_steps(std::string_view pointer) {
    const auto refuse = [&](const char* why) -> std::vector<std::string> {
        throw std::invalid_argument("\"" + std::string(pointer) + "\": " + why);
    };
    std::vector<std::string> steps;
    if (pointer.empty()) return steps;
    if (pointer[0] != '/') return refuse("a JSON Pointer begins with /");
    for (std::size_t i = 0; i < pointer.size(); ++i) {
        const char c = pointer[i];
        if (c == '/') {
            steps.emplace_back();
        } else if (c != '~') {
            steps.back().push_back(c);
        } else {
            const char next = i + 1 < pointer.size() ? pointer[++i] : '\0';
            if (next != '0' && next != '1')
                return refuse("in a JSON Pointer ~ is written ~0, and / in a key ~1");
            steps.back().push_back(next == '0' ? '~' : '/');
        }
    }
    if (steps.size() > steps_max) return refuse("a watched pointer has at most 8 steps");
    return steps;
}

std::uint16_t Watch::add(std::string_view pointer) {
    pointer_steps(pointer);
    const auto known = std::find(pointers_.begin(), pointers_.end(), pointer);
    if (known == pointers_.end() && pointers_.size() > std::numeric_limits<std::uint16_t>::max()) {
        throw std::invalid_argument("too many watched pointers");
    }
    const auto number = static_cast<std::uint16_t>(known - pointers_.begin());
    if (known == pointers_.end()) pointers_.emplace_back(pointer);
    return number;
}

}  // namespace umbratap::mcp
