// An event as bytes.
#include "report/event_bytes.h"

#include <algorithm>

namespace umbratap::report {

namespace {

constexpr std::size_t head_bytes = 5;

std::string_view short_text(std::string_view text) noexcept {
    return text.substr(0, 255);
}

}  // namespace

void append_event(const Event& event, std::string& out) {
    const std::string_view texts[] = {short_text(event.timestamp), short_text(event.type),
                                      short_text(event.id), short_text(event.community_id)};
    out.push_back(static_cast<char>(event.severity));
    for (const std::string_view text : texts) out.push_back(static_cast<char>(text.size()));
    for (const std::string_view text : texts) out += text;
    out += event.line;
}

std::optional<Event> read_event(std::string_view bytes) noexcept {
    if (bytes.size() < head_bytes) return {};
    Event event;
    event.severity = static_cast<std::uint8_t>(bytes[0]);
    std::string_view rest = bytes.substr(head_bytes);
    std::string_view* const texts[] = {&event.timestamp, &event.type, &event.id,
                                       &event.community_id};
    for (std::size_t i = 0; i < std::size(texts); ++i) {
        const std::size_t size = static_cast<unsigned char>(bytes[1 + i]);
        if (rest.size() < size) return {};
        *texts[i] = rest.substr(0, size);
        rest.remove_prefix(size);
    }
    event.line = rest;
    return event;
}

unsigned rank_of(const Event& event) noexcept {
    if (event.severity == 0) return 2;
    return event.severity <= 2 ? 0 : 1;
}

}  // namespace umbratap::report
