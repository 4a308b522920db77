// Whatever messages say: findings are well-formed, bounded, and the same each time.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "detect/content_rules.h"
#include "detect/excerpt.h"

using namespace umbratap;

namespace {

void demand(bool holds) {
    if (!holds) std::abort();
}

std::string told(const Batch<detect::Finding>& findings) {
    std::string out;
    for (const detect::Finding& finding : findings) {
        demand(!finding.category.empty() && !finding.rule.empty() && !finding.where.empty());
        demand(finding.confidence >= 1 && finding.confidence <= 100);
        demand(finding.excerpt.size() <= 4 * detect::excerpt_bytes_max);
        for (const char c : finding.excerpt) demand(static_cast<unsigned char>(c) >= 0x20);
        out += finding.category + ' ' + finding.rule + ' ' + finding.where + ' ' + finding.excerpt +
               ' ' + std::to_string(finding.confidence) + '\n';
        for (const std::string& part : finding.parts) out += part + '\n';
    }
    return out;
}

std::string reading(detect::ContentRules::Inspector& inspector, mcp::Decoder& decoder, Bytes text) {
    Batch<mcp::Message> messages;
    Batch<detect::Finding> findings;
    decoder.decode(text, false, messages);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const mcp::ReadableStrings& strings = decoder.strings(i);
        for (std::size_t number = 0; number < strings.size(); ++number) {
            demand(strings.place(number).size() < 600);
            const auto begin =
                static_cast<std::size_t>(strings.value(number).data() - strings.text().data());
            demand(strings.at(begin) == number);
        }
        for (const http::Direction direction :
             {http::Direction::to_server, http::Direction::to_client})
            inspector.inspect(messages[i], strings, direction, findings);
    }
    http::Head head;
    head.target =
        "/mcp?" + std::string(as_text(text.first(std::min<std::size_t>(text.size(), 512))));
    head.fields.add("mcp-param-a", as_text(text));
    inspector.inspect(head, findings);
    return told(findings);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const detect::ContentRules rules(RULES_DIRECTORY);
    static const mcp::Watch watch;
    static mcp::Decoder decoder({}, watch, {.payloads = false, .strings = true});
    static detect::ContentRules::Inspector used(rules), other(rules);
    const Bytes text(data, size);
    const std::string first = reading(used, decoder, text);
    demand(reading(other, decoder, text) == first);
    return 0;
}
