// Words for the enumerations of records, as events spell them; and alerts of a kind.
#include "inventory/records.h"

namespace umbratap::inventory {

std::string_view to_string(Transport transport) noexcept {
    switch (transport) {
        case Transport::streamable_http:
            return "streamable-http";
        case Transport::http_sse:
            return "http+sse";
        case Transport::stateless_http:
            return "stateless-http";
        case Transport::websocket:
            return "websocket";
        case Transport::stream:
            return "stream";
    }
    return {};
}

std::string_view to_string(Outcome outcome) noexcept {
    switch (outcome) {
        case Outcome::ok:
            return "ok";
        case Outcome::error:
            return "error";
        case Outcome::tool_error:
            return "tool_error";
        case Outcome::input_required:
            return "input_required";
        case Outcome::unanswered:
            return "unanswered";
        case Outcome::refused:
            return "refused";
    }
    return {};
}

Alert alert_of(const detect::AlertKind& kind) {
    Alert alert;
    alert.category = kind.category;
    alert.signature = kind.signature;
    alert.signature_id = kind.signature_id;
    alert.rev = kind.rev;
    alert.severity = kind.severity;
    alert.metadata = kind.metadata;
    return alert;
}

}  // namespace umbratap::inventory
