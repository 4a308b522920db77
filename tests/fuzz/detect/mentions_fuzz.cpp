// Whatever texts say: what is named is well-formed and bounded.
#include <cstdint>
#include <cstdlib>

#include "detect/mentions.h"

using namespace umbratap;

namespace {

void demand(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const detect::Mentions rules(RULES_DIRECTORY);
    static detect::Mentions::Finder finder(rules);
    const Bytes text(data, size);
    for (const http::Direction direction :
         {http::Direction::to_server, http::Direction::to_client}) {
        Batch<detect::Mention> found;
        finder.find(text, direction, found);
        demand(found.size() <= 64);
        demand(found.empty() || detect::Mentions::Finder::perhaps(text));
        for (const detect::Mention& mention : found) {
            demand(!mention.rule.empty() && !mention.where.empty() && !mention.shown.empty());
            demand(mention.shown.size() <= 400 && mention.name.size() <= 200);
        }
    }
    return 0;
}
